/* Preloaded into pcscd, so that anybody can run one of his own, and no one else can reach it.
 *
 * pcscd ends when it cannot make /run/pcscd, though its socket is handed to it and it needs nothing
 * of that directory: here it is told that it is there already. vsmartcard's driver listens on all
 * interfaces: here it gets the loopback interface.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int mkdir(const char *path, mode_t mode)
{
	int result = mkdirat(AT_FDCWD, path, mode);

	if (result != 0 && errno == EACCES && strcmp(path, "/run/pcscd") == 0)
		errno = EEXIST;
	return result;
}

int bind(int end, const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_in local;

	if (address->sa_family != AF_INET || size != sizeof local)
		return syscall(SYS_bind, end, address, size);
	memcpy(&local, address, sizeof local);
	local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return syscall(SYS_bind, end, &local, sizeof local);
}
