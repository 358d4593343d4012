/* A driver for pcscd whose reader is a program: `pcsc_reader` at the other end of a socket.
 *
 * pcscd loads it like the driver of any reader (pcsc-lite, "IFD Handler 3.0"). It passes on what
 * pcscd asks and says at once when a card comes or goes, as readers on USB do; what the reader and
 * the card answer is decided in Python. DEVICENAME is the path of the socket.
 *
 * Two connections to each reader. Control: one byte of request, four of length, the content; back
 * come one byte of status, four of length, the content. Events: the reader sends one byte when
 * something has changed; the driver sends four, how many of these pcscd has acted on, each time it
 * begins to wait. Numbers are big-endian.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ifdhandler.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define READERS 16
#define ANSWER_SECONDS 3 /* after which the CCID driver gives a reader up, too */
#define NAP_MS 10

static struct end {
	char path[108];
	int control;
	int events;
	int bell; /* pcscd wants the thread that waits back, to end it or to wait for another time */
	uint32_t acted;
	pthread_mutex_t asking;
} ends[READERS];

static struct end *end_of(DWORD lun)
{
	return &ends[(lun >> 16) % READERS];
}

static int connected(const char *path, char role)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	int end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	if (connect(end, (struct sockaddr *)&address, sizeof address) != 0
		|| setsockopt(end, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0
		|| send(end, &role, 1, MSG_NOSIGNAL) != 1) {
		close(end);
		return -1;
	}
	return end;
}

static int hear(int end, void *into, size_t size)
{
	return size == 0 || recv(end, into, size, MSG_WAITALL) == (ssize_t)size;
}

static void hang_up(struct end *end)
{
	close(end->control);
	close(end->events);
	end->control = end->events = -1;
}

static int call(struct end *end)
{
	end->acted = 0;
	end->control = connected(end->path, 'C');
	end->events = connected(end->path, 'E');
	if (end->control >= 0 && end->events >= 0)
		return 1;
	hang_up(end);
	return 0;
}

/* The answer's size, or -1. A reader that does not answer is not asked again on this connection. */
static ssize_t exchange(struct end *end, char request, const void *content, size_t size,
	void *into, size_t room)
{
	unsigned char head[5] = { request };
	uint32_t length = htonl(size);

	memcpy(head + 1, &length, sizeof length);
	if (send(end->control, head, sizeof head, MSG_NOSIGNAL | MSG_MORE) == sizeof head
		&& send(end->control, content, size, MSG_NOSIGNAL) == (ssize_t)size
		&& hear(end->control, head, sizeof head)) {
		memcpy(&length, head + 1, sizeof length);
		length = ntohl(length);
		if (length <= room && hear(end->control, into, length))
			return head[0] == 0 ? (ssize_t)length : -1;
	}
	shutdown(end->control, SHUT_RDWR);
	shutdown(end->events, SHUT_RDWR);
	return -1;
}

static ssize_t ask(DWORD lun, char request, const void *content, size_t size, void *into, size_t room)
{
	struct end *end = end_of(lun);
	ssize_t answered;

	pthread_mutex_lock(&end->asking);
	answered = exchange(end, request, content, size, into, room);
	pthread_mutex_unlock(&end->asking);
	return answered;
}

static RESPONSECODE wait_for_change(DWORD lun, int timeout_ms)
{
	struct end *end = end_of(lun);
	struct pollfd watched[] = {
		{ .fd = end->events, .events = POLLIN },
		{ .fd = end->bell, .events = POLLIN },
	};
	uint32_t acted = htonl(end->acted);
	char changes[64];
	eventfd_t rung;
	ssize_t count;

	if (send(end->events, &acted, sizeof acted, MSG_NOSIGNAL) == sizeof acted) {
		if (poll(watched, 2, timeout_ms) > 0 && eventfd_read(end->bell, &rung) != 0) {
			count = recv(end->events, changes, sizeof changes, MSG_DONTWAIT);
			end->acted += count > 0 ? count : 0;
		}
		return IFD_SUCCESS; /* pcscd asks for the card, and hears if the reader is gone */
	}
	poll(watched + 1, 1, NAP_MS); /* it is gone: call it again and again, with a pause */
	pthread_mutex_lock(&end->asking);
	hang_up(end);
	call(end);
	pthread_mutex_unlock(&end->asking);
	return IFD_SUCCESS;
}

static RESPONSECODE stop_waiting(DWORD lun)
{
	eventfd_write(end_of(lun)->bell, 1);
	return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannelByName(DWORD lun, LPSTR path)
{
	struct end *end = end_of(lun);

	pthread_mutex_init(&end->asking, NULL);
	end->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	strncpy(end->path, path, sizeof end->path - 1);
	return call(end) ? IFD_SUCCESS : IFD_COMMUNICATION_ERROR;
}

RESPONSECODE IFDHCreateChannel(DWORD lun, DWORD channel)
{
	(void)lun, (void)channel;
	return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHCloseChannel(DWORD lun)
{
	hang_up(end_of(lun));
	close(end_of(lun)->bell);
	return IFD_SUCCESS;
}

static RESPONSECODE tell(const void *what, size_t size, PDWORD length, PUCHAR value)
{
	if (*length < size)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	memcpy(value, what, size);
	*length = size;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD length, PUCHAR value)
{
	static const UCHAR one = 1, readers = READERS;
	RESPONSECODE (*waiting)(DWORD, int) = wait_for_change;
	RESPONSECODE (*stopping)(DWORD) = stop_waiting;

	(void)lun;
	switch (tag) {
	case TAG_IFD_SIMULTANEOUS_ACCESS:
		return tell(&readers, sizeof readers, length, value);
	case TAG_IFD_THREAD_SAFE:
	case TAG_IFD_SLOTS_NUMBER:
		return tell(&one, sizeof one, length, value);
	case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
		return tell(&waiting, sizeof waiting, length, value);
	case TAG_IFD_STOP_POLLING_THREAD:
		return tell(&stopping, sizeof stopping, length, value);
	default:
		return IFD_ERROR_TAG;
	}
}

RESPONSECODE IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD length, PUCHAR value)
{
	(void)lun, (void)tag, (void)length, (void)value;
	return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD lun, DWORD protocol, UCHAR flags, UCHAR pts1,
	UCHAR pts2, UCHAR pts3)
{
	(void)lun, (void)protocol, (void)flags, (void)pts1, (void)pts2, (void)pts3;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHPowerICC(DWORD lun, DWORD action, PUCHAR atr, PDWORD atr_length)
{
	ssize_t size;

	if (action == IFD_POWER_DOWN)
		return ask(lun, 'D', "", 0, NULL, 0) < 0 ? IFD_COMMUNICATION_ERROR : IFD_SUCCESS;
	size = ask(lun, 'U', "", 0, atr, MAX_ATR_SIZE);
	*atr_length = size < 0 ? 0 : size;
	return size < 0 ? IFD_ERROR_POWER_ACTION : IFD_SUCCESS;
}

RESPONSECODE IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER sent_by, PUCHAR sent, DWORD size,
	PUCHAR answer, PDWORD answer_length, PSCARD_IO_HEADER answered_by)
{
	ssize_t answered = ask(lun, 'T', sent, size, answer, *answer_length);

	answered_by->Protocol = sent_by.Protocol;
	*answer_length = answered < 0 ? 0 : answered;
	return answered < 0 ? IFD_COMMUNICATION_ERROR : IFD_SUCCESS;
}

RESPONSECODE IFDHControl(DWORD lun, DWORD code, PUCHAR sent, DWORD size, PUCHAR answer, DWORD room,
	LPDWORD answer_length)
{
	(void)lun, (void)code, (void)sent, (void)size, (void)answer, (void)room;
	*answer_length = 0;
	return IFD_ERROR_NOT_SUPPORTED;
}

RESPONSECODE IFDHICCPresence(DWORD lun)
{
	UCHAR is_there = 0;

	if (ask(lun, 'P', "", 0, &is_there, sizeof is_there) != sizeof is_there)
		return IFD_COMMUNICATION_ERROR;
	return is_there ? IFD_ICC_PRESENT : IFD_ICC_NOT_PRESENT;
}
