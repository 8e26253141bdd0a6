"""Passwords that attackers try first, in lower case; shorter ones are refused by their length.

Gathered by hand from what public leak statistics agree on.
"""

from __future__ import annotations

_WORDS = """
00000000 01234567 0123456789 0987654321 10203040 11111111 111111111 1111111111 11112222 11223344
1122334455 112233445566 12121212 12131415 123123123 1231231234 123321123 12344321 1234512345
123454321 12345678 123456789 1234567890 12345678900 123456789a 12345678a 123456abc 12345qwert
123654789 123698745 12qwaszx 13131313 13579246 135792468 147258369 147852369 14789632 1478963250
159357456 159753456 19841984 19851985 19861986 19871987 19881988 19891989 19901990 1a2b3c4d
1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz!qaz 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 20202020 21212121
22222222 23232323 25802580 31415926 33333333 44444444 55555555 66666666 69696969 741852963
77777777 78945612 789456123 7894561230 87654321 88888888 963852741 987654321 9876543210 99999999
999999999 a1b2c3d4 a1b2c3d4e5 aa123456 aa12345678 abc12345 abc123456 abcd1234 abcd12345 abcdefgh
abcdefghi access14 admin123 admin1234 admin12345 admin@123 administrator alexander alexandra
anthony1 arsenal1 asdf1234 asdfasdf asdfghjk asdfghjkl asdfghjkl1 asdqwe123 asdzxc123 azerty123
azertyui azertyuiop babygirl babygirl1 baseball baseball1 basketball bismillah blink182 brooklyn
butterfly california changeme changeme1 changeme123 charlie1 chelsea1 chocolate christian
christopher computer computer1 consumer courtney creative danielle default1 diamond1 dolphins
dragon123 dragonball elizabeth everton1 facebook facebook1 fernando football football1 forever1
fuckyou1 fuckyou123 gangster garfield gateway1 generation gfhjkmgfhjkm godisgood graduate greenday
hallo123 handball hardcore hello123 hello1234 hellokitty helloworld hunter12 hurricane iloveyou
iloveyou! iloveyou1 iloveyou12 iloveyou123 iloveyou2 internet isabella jambo123 jennifer jessica1
jesus123 jesuschrist jonathan jordan23 karibu123 kenya123 kenya1234 killer123 kimberly lakers24
letmein1 letmein123 letmeinnow liverpool liverpool1 lovelove lovely123 loveme123 loveyou1 marlboro
master123 maverick mercedes michael1 michelle midnight minecraft mombasa1 monkey12 monkey123
mustang1 mypassword myspace1 nairobi1 nairobi123 nakupenda naruto123 newcastle nicholas nintendo
p@ssw0rd p@ssw0rd1 p@ssw0rd123 p@ssword pa$$w0rd pa$$word pa55w0rd pa55word pass1234 pass12345
pass123456 passpass passport passw0rd passw0rd1 passw0rd123 password password! password01
password1 password1! password10 password11 password12 password123 password123! password1234
password12345 password123456 password2 password21 password3 password99 password@123 passwort
passwort1 patricia peaches1 penelope pokemon1 pokemon123 princess princess1 princess123 q1w2e3r4
q1w2e3r4t5 q1w2e3r4t5y6 qazwsx123 qazwsxed qazwsxedc qqqqqqqq qwaszx12 qwe123456 qweasd123
qweasdzxc qweqweqwe qwer1234 qwerasdf qwerqwer qwert123 qwert12345 qwerty01 qwerty11 qwerty12
qwerty123 qwerty1234 qwerty12345 qwerty123456 qwerty321 qwerty77 qwertyqwerty qwertyui qwertyuiop
qwertyuiop123 qwertz123 qwertzui rangers1 realmadrid rebecca1 red12345 remember safaricom
safaricom1 samantha samsung1 samsung123 scorpion secret12 secret123 serenity shadow12 shadow123
shannon1 simplyred skywalker slipknot snickers snowball soccer12 spiderman spiderman1 spongebob
startrek starwars starwars1 steelers stephanie sunflower sunshine sunshine1 sunshine123 superman
superman1 superman123 superstar sweetheart swordfish tarheels teamo123 temp1234 temporary test1234
test12345 test123456 testing1 testing123 testtest thailand thomas123 tinkerbell trustno1 twilight
undertaker valentina vampire1 vanessa1 veronica victoria wallpaper warcraft warriors welcome!
welcome01 welcome1 welcome12 welcome123 welcome1234 whatever whatever1 wildcats william1 winston1
wordpass xxxxxxxx yamaha123 yankees1 zaq12wsx zaq1xsw2 zaq1zaq1 zxcvbnm, zxcvbnm1 zxcvbnm123
zxcvbnmasdf
"""

COMMON_PASSWORDS: frozenset[str] = frozenset(_WORDS.split())
"""Compared with the password in lower case."""
