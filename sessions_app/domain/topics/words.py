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
    maar met mijn naar niet nog ook op van voor wat wij zijn
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
