"""First names and surnames that the invented volunteers' names are drawn from, apart."""

_NORWEGIAN = """
Agnes Amalie Anders Ane Arne Arvid Aslaug Aud Berit Birgit Birger Bodil Brit Brynjar Dagny Edel
Edvard Egil Eilif Einar Eirik Elin Else Embla Endre Erlend Eva Finn Frida Gerd Grete Gro Gudrun
Gunhild Gunnar Guro Hallvard Harald Hedda Hege Helge Henny Herman Hilde Håkon Ida Idunn Inga
Ingebjørg Ingvild Ivar Jens Jorunn Kari Kjell Kjersti Knut Kåre Lars Lillian Linnea Liv Magnhild
Magnus Margit Marit Mathilde Morten Nils Oda Olav Ole Othilie Peder Ragna Ragnhild Reidun Roar Rolf
Sigrid Signe Sigurd Siv Snorre Solveig Sondre Steinar Stian Sverre Synnøve Terje Thea Tiril Tone Tor
Torunn Trygve Turid Ulrik Unni Vegard Vigdis Vilde Yngve Øyvind Åse Åshild
"""
_SAMI = """
Ánde Áile Biret Elle Gáddjá Inger-Ánne Ingá Issát Jovnna Mihkkal Máhtte Máret Niillas Ravna Sárá
Sunná
"""
_FROM_ELSEWHERE = """
Abdi Aisha Aleksander Amina Amir Ana Anh Ayaan Beata Darius Dejan Emilija Fatima Farida Hamza Hawa
Ikram Ilinca Jelena Joanna Kamala Kateryna Khadija Leila Linh Marek Mehmet Minh Mohamed Nasrin
Oksana Omar Pawel Priya Rania Ricardo Rosa Samira Selam Soraya Tesfaye Thuy Yusuf Yonas Zahra Zofia
"""
_SURNAMES = """
Aasen Alm Bakken Berntsen Bjerke Bratli Brekke Dahlen Eide Engen Fjellvang Foss Furuseth Gjerde
Granås Haugland Heggelund Hjelle Holmen Hovden Johnsrud Kleiven Kvamme Langli Lervik Lia Lunde Løvås
Moen Myhre Nesheim Nordbø Nygård Odden Opsahl Raknes Ringdal Rognli Ruud Røed Sandnes Skaug Skogheim
Solheim Stenersen Storli Strand Sunde Sætre Tangen Tveit Ulvik Vangen Vik Ødegård Øverli Aune
Balto Eira Gaup Guttorm Hætta Juuso Sara Somby Utsi Valkeapää
Abdullahi Adeyemi Ahmed Ali Begić Chaudhry Demir Farah Georgiou Haile Hussein Ivanova Jovanović Kaya
Kowalska Kozak Lê Mahmoudi Melnyk Mensah Nguyen Nowak Osman Petrauskas Popescu Rahimi Rajan Santos
Sharma Silva Tekle Tran Warsame Yilmaz
"""

FIRST_NAMES = (*_NORWEGIAN.split(), *_SAMI.split(), *_FROM_ELSEWHERE.split())
SURNAMES = tuple(_SURNAMES.split())
