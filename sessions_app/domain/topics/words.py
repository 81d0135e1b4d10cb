"""Word lists of about ten languages: function words, social words and what goes between them.

Function words are never key terms. A message of social words alone, with fill between them, never
opens a topic.
"""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION_WORDS: Final = _words(
    """
    a about above after again against all also am an and any are aren't as at be because been
    before being below between both but by can can't cannot could couldn't did didn't do does
    doesn't doing don't down during each even ever every few for from further get gets getting
    go goes going gonna got had has hasn't have haven't having he he's her here hers herself him
    himself his how how's i i'd i'll i'm i've if in into is isn't it it's its itself just know
    let let's like lot lots make many may maybe me might mine more most much must my myself need
    no nor not now of off on once one only or other others our ours ourselves out over own
    please really right same say see she she's should shouldn't since so some such sure take
    tell than that that's the their theirs them themselves then there there's these they they're
    thing things think this those through to too under until up us use very want wants was
    wasn't way we we're well were weren't what what's when when's where where's which while who
    who's whom why will with won't would wouldn't yes yet you you'd you'll you're you've your
    yours yourself aber als auch auf aus bei bin bis das dass dem den der des die dir doch du
    ein eine einem einen einer eines er es euch für habe haben hat ich ihm ihn ihr ihre im ist
    ja kann kein keine können man mein meine mich mir mit muss nach nicht noch nur oder ohne
    sein seine sich sie sind soll über um und uns unser vom von vor war weil wenn wer werden wie
    wir wird wo zu zum zur au aux avec ce ces cette comme dans de elle en est et il ils je la le
    les leur lui ma mais mes moi mon ne nous ou où par pas plus pour que qui sa se ses son sont
    sur ta te tes toi tu un une vos votre vous como con cual cuando del desde donde el ella
    ellos era esta este esto está hay las lo los mi mis muy más nos para pero por porque qué
    quien ser si sin sobre su sus también tiene todo una uno unos y ya yo che chi ci cui da dal
    della di e gli ho io nel nella non perché più sei sono ao com dos ela ele em essa esse eu
    isso mas meu minha na nas não os seu sua são também tem uma você aan bij dat een het hij ik
    maar met mijn naar niet nog ook op van voor wat wij zijn في من على إلى عن مع هل ما ماذا كيف متى
    أين لا أن إن كان هو هي هذا هذه ذلك التي الذي أو ثم قد لم لن كل بعد قبل عند لي لك يا
    """
)

# Hello, thanks, goodbye, yes and no, by themselves.
SOCIAL: Final = _words(
    """
    hi hello hey hiya howdy greetings yo morning afternoon evening good night hallo guten tag
    morgen abend hola buenas buenos días dias tardes bonjour bonsoir salut ciao buongiorno olá
    ola bom dia hoi dag hej namaste salam مرحبا السلام عليكم اهلا أهلا سلام صباح الخير thanks
    thank thx ty cheers danke dankeschön vielen dank merci beaucoup gracias muchas grazie mille
    obrigado obrigada bedankt tack شكرا شكراً جزيلا bye goodbye cya later tschüss adiós adios
    revoir yes yeah yep yup no nope nah ok okay k kk sure fine great cool nice perfect awesome
    wow lol haha hmm hm oh ah alright right exactly agreed correct understood gotcha indeed
    absolutely definitely wonderful excellent ja nein doch gut klar genau super oui non d'accord
    bien sí si vale claro sì va bene sim não نعم لا حسنا تمام طيب welcome pleasure problem
    worries sorry please bitte
    """
)

# Words that people put around social words; they name no subject by themselves.
SOCIAL_FILL: Final = _words(
    """
        a again all and are assist can may what would like anything else at be day do doing
    everyone everybody for from go got have having help
    helping how i i'm in info information is it it's just let lot lovely me much my need needed
    nice now of on one really see so soon that that's the there this to today tonight too very
    was we weekend well will with you you're your yourself been everything folks guys man sir
    friend assistance time am doing's going appreciate und dir ihnen sehr auch mir geht's wie es
    et vous ça va très y tú usted mucho pour por para la las los el de
    """
)

# Words of talk about anything ("tell me more about the first step"): they name no subject.
GENERIC_WORDS: Final = _words(
    """
    else another though although however able within whatever whenever whether anymore anyway
    basically maybe perhaps probably simply exactly seriously honestly typically generally mostly
    pros cons list topic subject summary point side kinda yourself overall apart besides
    mentioned said told says summarize summarise rephrase rewrite expand shorten simplify
    translate clarify correct proceed okay hmm huh sense
    happen mention talk speak discuss explain describe elaborate clarify continue repeat compare
    show give find provide include mean hear heard read wonder guess hope remember suppose
    believe feel look seem sound start begin stop try keep put take turn work come leave help
    something anything nothing everything someone anyone everyone thing stuff kind type sort way
    part case point example instance detail information info fact idea tip advice suggestion
    question answer reason option step place time year day today nowadays lately recently number
    bit couple several various different difference similar certain common main important
    interesting curious special general specific particular possible available actual real big
    great small large long short old new good bad better best worse worst nice cool easy hard
    difficult high low early late first second third last next previous usually often always
    never sometimes still quite rather pretty instead also too already back away around quickly
    love like wish matter affect effect impact cause change consider recommend suggest two three
    four five people person friend
    """
)

# Words that point to something said before, unless the message has named it itself.
POINTERS: Final = _words(
    """
    it its it's itself they they're their theirs them he he's she she's him her his hers this
    that that's these those there one ones such former latter same
    es dieser diese dieses davon dafür damit darin dort darüber ihn ihm eso esto esa ese ello
    ellos ellas allí ahí ça cela ceci celui celle ceux celles isso isto essa esse ele eles elas lá
    disso nisso هذا هذه ذلك تلك هو هي هناك منه منها به بها فيه فيها
    """
)

# Common verbs and what stands in their place: no label names a topic by them.
VERBS: Final = _words(
    """
    book booked booking find finding buy buying bought sell write writing written learn learning
    planning planned create creating build building built fix fixing use using used run add
    adding remove change changing visit visiting improve increase reduce avoid checking choose
    choosing pick compare convert calculate decide develop draw earn eat enjoy ensure enter
    explore follow forget grow handle happening happens identify implement install invest join
    launch launched lose manage maintain maintained move moving open pay perform prepare
    prepared prevent protect provide raise reach read reading receive relate replace return save
    send serve set setting sleep solve spend stand store suggest teach travel treat
    tried try trying understand update upgrade wait walk watching wear win wondering worry
    asked asking assist based became become becoming been being broken brought called came chose
    compared concerned considered considering contain created decided described designed
    determine developed discover done eaten fallen fell felt gave gets getting gone grew hearing
    helped involved involving keeps known leads learned led left lies living looked looking
    looks lost made makes making managed means met moved named needed needs offered offers owned
    paid played plays prefer produced raised reached received related remembered required
    requires ran said sang seen sent served shown sold spent stay stopped struggling suffering
    supposed taken takes talking taught thinking thought told took tries turned understood uses
    wanted wants went wish wondered worked works appreciate hosting tell explain describe
    generate craft draft compose recommend rewrite break work finish finished got gotten
    interested excited curious aware able available due pertain obtain reside qualify require
    restore enroll apply renew practice begins cheaper easier faster bigger smaller higher lower
    longer shorter legit rave biased tough either almost exempt half basis criteria anywhere
    somewhere didnt dont cant wont doesnt isnt im ive youre
    """
)
