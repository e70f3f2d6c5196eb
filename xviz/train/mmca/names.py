"""English names for cut-outs: what to leave out, what to call the rest, and how a catalogue name is cleaned."""

from __future__ import annotations

import re

from xviz.train.common.tables import listed, paired

#: Names that are capitalised in a sentence, as whole words.
PROPER = listed(
    """
    Christmas, Japanese, Chinese, Easter, Santa, Claus, Siamese, Hawaiian, Magellanic, Sumatran, Tamworth, Adelaide,
    American, Halloween, Eiffel, Indian, European, Osaka, French, German, SUV, Seville, Fuji, Granny, Smith, Sierra,
    UK, US, VW, TV, DVD, MP3, T-Rex, Winchester
    """
)

_EMOJI_OUT = re.compile(
    r"keycap|button|arrow|o'clock|-thirty|\bflags?\b|symbol|\bsign\b|square|\bcircle|diamond|\bhearts?\b|moon\b|heavy|"
    r"question mark|exclamation|^(?:wo)?m[ae]n (?!')|person|people|\b(?:couple|family|wedding|kiss)\b|male|"
    r"face|\b(?:fist|hands?|finger|thumbs?|salute|gesture|index|biceps)\b|cats? with|"
    r"grinning|kissing cat|crying cat|weary cat|pouting cat|"
    r"evil monkey|\bsuit\b|asterisk|cross\b|trident|yin yang|peace|prohibited|^no |mark$|silhouette|speech bubble|"
    r"anger|station|chart|mailbox with|antenna bars|speaker (?:low|medium|high)|input|keypad|globe|sun behind|"
    r"mobile phone |with slash|crossed|women|^men|medal$|star of|pointed star|-eyed|volume|(?:out|in)box|heavy|loop|"
    r"dash|alternation|envelope with|incoming|snowman without|cloud with|umbrella (?:with|on)|oncoming|hourglass not|"
    r"clinking|wheel of|hot springs|information|registered|copyright|trade mark|level|knobs|swirl|water closet|"
    r"airplane (?:dep|arr)|light blue|(?:dim|bright)|linked|triangle|wall"
)
_EMOJI_OUT_EXACT = frozenset(
    listed(
        """
    anatomical heart, Aquarius, Aries, ATM sign, baby symbol, baggage claim, beach with umbrella, bell with slash,
    biohazard, biting lip, blossom, bone, bookmark, bookmark tabs, bowling, boy, breast-feeding, bridge at night,
    briefs, bubbles, building construction, bullet train, bullseye, bus stop, bust in silhouette,
    busts in silhouette, camping, Cancer, Capricorn, card file box, card index, card index dividers, carp streamer,
    check box with check, check mark, children crossing, cigarette, cinema, cityscape, cityscape at dusk, collision,
    comet, computer disk, confetti ball, construction, construction worker, convenience store, cooking, cricket game,
    currency exchange, curry rice, customs, cut of meat, cyclone, dango, dashing away, deaf man, deaf woman,
    department store, derelict house, desert, desert island, disguised face, divide, diya lamp, dizzy, dna,
    dotted six-pointed star, dove, drop of blood, droplet, e-mail, ear, ear with hearing aid, elf, exploding head,
    eyes, fallen leaf, field hockey, film frames, film projector, fireworks, flag in hole, fleur-de-lis,
    flower playing cards, fog, foggy, foot, footprints, fork and knife, front-facing baby chick, Gemini, genie, girl,
    guide dog, hair pick, hammer and pick, hammer and wrench, hamsa, handshake, headstone, herb, high voltage,
    high-speed train, hole, horse racing, hot beverage, house with garden, houses, hundred points, ice,
    identification card, inbox tray, infinity, joker, kaaba, khanda, knot, label, leaf fluttering in wind,
    leafy green, ledger, left luggage, leg, Leo, level slider, Libra, light rail, link, litter in bin sign, locked,
    locked with key, locked with pen, lotion bottle, love hotel, love letter, love-you gesture, low battery, lungs,
    mage, mahjong red dragon, map of Japan, mate, meat on bone, mechanical arm, mechanical leg, memo, menorah,
    merman, merperson, metro, microbe, military medal, milky way, minibus, minus, mirror ball, moai,
    mobile phone off, money with wings, moon viewing ceremony, motorway, Mount Fuji, mount fuji, mountain cableway,
    mountain railway, mouth, Mrs. Claus, multiply, musical keyboard, musical note, musical notes, musical score,
    muted speaker, Mx Claus, name badge, national park, nazar amulet, nest with eggs, new moon face,
    night with stars, no littering, no one under eighteen, non-potable water, nose, oden, older person, om,
    Ophiuchus, optical disk, orthodox cross, outbox tray, package, page facing up, page with curl, pager,
    palms up together, part alternation mark, party popper, passport control, paw prints, performing arts, pick,
    pig nose, pile of poo, pill, pinched fingers, pine decoration, Pisces, placard, place of worship, plus,
    police car light, potable water, pouring liquid, prayer beads, pregnant man, pregnant woman, radioactive,
    railway track, raised hand, receipt, red envelope, reminder ribbon, restroom, rolling on the floor laughing,
    rosette, running shirt, Sagittarius, Scorpio, seat, selfie, service dog, shallow pan of food, shaved ice,
    shooting star, shorts, shuffle, sign of the horns, skull and crossbones, snow-capped mountain, snowboarder,
    spade suit, sparkle, sparkler, sparkles, speaking head, speech balloon, spiral calendar, sports medal,
    star and crescent, star-struck, station, Statue of Liberty, statue of liberty, stuffed flatbread, sunrise,
    sunrise over mountains, sunset, superhero, supervillain, sushi, suspension railway, sweat droplets,
    tanabata tree, Taurus, tear-off calendar, thong sandal, thought balloon, ticket, timer clock, Tokyo tower,
    tongue, tornado, trackball, tram, tram car, troll, tropical drink, umbrella on ground, unlocked, vibration mode,
    victory hand, video game, videocassette, Virgo, volleyball court, warning, water wave, wavy dash, white cane,
    wilted flower, wing, wireless, writing hand, x-ray, zombie, ZZZ
    """
    )
)

#: Faces and people worth keeping although the patterns above would drop them.
_EMOJI_KEEP = frozenset(
    listed(
        """
    bow and arrow, cat face, closed mailbox with raised flag, clown face, cow face, cowboy hat face, crescent moon,
    crossed swords, crying face, cup with straw, dog face, dragon face, front-facing baby chick, full moon,
    grinning face, hatching chick, horizontal traffic light, horse face, man's shoe, money bag, monkey face,
    mouse face, person in bed, pig face, rabbit face, red heart, sleeping face, slot machine, snow-capped mountain,
    speaker high volume, stop sign, sun with face, teacup without handle, tiger face, traffic light,
    vertical traffic light, woman's boot, woman's hat
    """
    )
)

#: CLDR short name = name used here
_EMOJI_RENAME = dict(
    paired(
        """
    automobile=car, wrapped gift=gift, lady beetle=ladybug, closed book=book, two-hump camel=camel,
    headphone=headphones, running shoe=sneaker, man's shoe=shoe, woman's boot=boot, honeybee=bee,
    woman's hat=sun hat, couch and lamp=sofa, teacup without handle=teacup, soft ice cream=ice cream cone,
    jack-o-lantern=jack-o'-lantern, dog face=dog, cat face=cat, mouse face=mouse, tiger face=tiger, cow face=cow,
    rabbit face=rabbit, horse face=horse, monkey face=monkey, pig face=pig, dragon face=dragon, sun with face=sun,
    magnifying glass tilted left=magnifying glass, magnifying glass tilted right=magnifying glass,
    pool 8 ball=billiard ball, cup with straw=paper cup, hourglass done=hourglass, clown face=clown,
    sleeping face=sleeping smiley, crying face=crying smiley, grinning face=grinning smiley,
    cowboy hat face=smiley with a cowboy hat, horizontal traffic light=traffic light,
    vertical traffic light=traffic light, game die=die, file cabinet=filing cabinet, articulated lorry=lorry,
    ewe=sheep, sport utility vehicle=SUV, american football=American football, spouting whale=whale,
    sauropod=dinosaur, martial arts uniform=judo suit, speaker high volume=loudspeaker, ping pong=ping pong paddle,
    badminton=badminton racket, tennis=tennis racket, lacrosse=lacrosse stick, ice hockey=hockey stick, old key=key,
    hot pepper=chili pepper, ear of corn=corn cob, front-facing baby chick=chick, baby chick=chick,
    small airplane=airplane, passenger ship=ship, closed mailbox with raised flag=mailbox, classical building=temple,
    mantelpiece clock=mantel clock, rolled-up newspaper=newspaper, linked paperclips=paperclips,
    satellite antenna=satellite dish, round pushpin=pushpin, spiral notepad=notepad, fire engine=fire truck,
    notebook with decorative cover=notebook, open file folder=file folder, studio microphone=microphone,
    camera with flash=camera, ballot box with ballot=ballot box,
    closed umbrella=folded umbrella, wood=log, roll of paper=toilet roll, billed cap=cap,
    black bird=blackbird, optical disk=disc, fork and knife with plate=plate with fork and knife,
    bottle with popping cork=champagne bottle, poultry leg=chicken leg, steaming bowl=bowl of noodles,
    custard=pudding, woman's sandal=sandal, woman's clothes=blouse, kick scooter=scooter, lotus=lotus flower,
    derelict house=old house, rescue worker's helmet=rescue helmet, optical disc=disc, pot of food=pot of stew,
    green salad=bowl of salad, wind face=cloud face, motorized wheelchair=wheelchair, manual wheelchair=wheelchair,
    long drum=conga drum, folding hand fan=hand fan, low-top shoe=shoe, mouse trap=mousetrap,
    bellhop bell=hotel bell, beverage box=juice box, canned food=tin can, clapper board=clapperboard
    """
    )
)

_FURNITURE_OUT = re.compile(
    r"socket|plug|switch|parking|crossing|^rails?$|arrow|entry |intercom|railing|^bill |lying|sitting|holding|^tool$|"
    r"swimming|sidewalk|tatami|doormat|carpet|rug$|bathmat|living room|children game|fluorescent|track lights|"
    r"spotlight|"
    r"wall hanger|shower head|air conditioning|smoke|cooktop|cooker|kitchen tools|^gaz|locked|number lock|induction|"
    r"emergency|medicine box|garden faucet|porch light|window blind|window shutter|coathanger|antenna|"
    r"mannequin|^dress$|^skirt|^trousers|^short$|^jacket|full bookcase|upper shelves|"
    r"plate, glass|hanging clothes|chimney|box room|upper corner|lower corner|bedside|folded clothes|wall lamp|"
    r"hanger|oil servers|abdominal|rubix|barnum|step ladder|mp3|stone grill|changing|television cabinet|"
    r"cable|screen door"
)
#: pattern searched in the lower-case catalogue name = name used here; the first that is found counts
_FURNITURE_RULES = paired(
    """
    iphone|^mobile phone|^phone$|wireless phone=telephone, imac|ibook|laptop=computer,
    ford|leon|peugeot|renault|beetle|chevrolet|smart car|sedan=car, yamaha|motorbike=motorcycle,
    bike$|bicycle=bicycle, toilets unit=toilet, sofa|couch=sofa, wall flat tv|^tv=television, bank$=bench, puff=pouf,
    flipper=pinball machine, dart game=dartboard, ashtray|hashtray=ashtray, letters box=mailbox, trunck=trunk,
    coconut tree=coconut tree, ^short$=shorts, cabinet=cabinet, ^island=kitchen island, hood=range hood,
    ^frame =framed picture, wall light=wall lamp, penbox=pen holder, trestles=trestle table, window=window,
    double door=double door, garage door=garage door, elevator=elevator, door$=door, shower=shower,
    bathtub|^bath$|island bath=bathtub, basin|lavatory|^sink=sink, vanity=vanity, wood logs=logs,
    little lamp=table lamp, desk lamp=desk lamp, pendant|ceiling lamp|hanging light=hanging lamp, plastic cup=cup,
    fridge|refrigerator=refrigerator, oven=oven, stove=stove, radiator=radiator,
    coffee (?:brewer|machine|maker)=coffee machine, mixer=food mixer, dustbin|trash ?can=trash can,
    cup ?cake=cupcake, ^bar stool|stool=stool, armchair=armchair,
    deck chair|beach chair|relax chair|pool lounge=deck chair, baby high chair=high chair, wheelchair=wheelchair,
    chair|class seat=chair, piano bench=piano bench, coffee table=coffee table, pool table=pool table,
    table tennis bat=ping pong paddle, table tennis=ping pong table, table fan=fan, rigged fan=fan,
    glass table=glass table, football table=football table, dressing table=dressing table, table=table,
    upright piano|grand piano=piano, bunk|mezzanine=bunk bed, crib|baby bed=crib, hospital bed=hospital bed,
    bed$=bed, bookcase=bookcase, shelves=shelves, desk=desk, baby bottle=baby bottle, wine bottle=wine bottle,
    beer bottle=beer bottle, bottle|flacon=bottle, clothes washing machine=washing machine, dryer=clothes dryer,
    french fries=french fries, tree$|acacia|poplar|beech|cypress|maple$=tree, pine=pine tree, hedge|^bush=bush,
    plant|spathi|yucca|ficus=potted plant, stone lantern=stone lantern, lip stick=lipstick,
    mocassin|woman shoes=shoes, bootie=baby boots, ^female$=woman, ^male$=man, knife stand=knife block,
    step ?ladder=stepladder, lily=lilies, woods? toy=wooden toy, cctv|surveillance=security camera,
    playstation=game console, camera=camera, street|lamppost|park light=street lamp, speaker=loudspeaker,
    ^glasses$=glasses, letter tray=letter tray, extinguisher=fire extinguisher, cuckoo=cuckoo clock,
    fork lift=forklift, christmas tree=Christmas tree, mower=lawn mower, closet|wardrobe=wardrobe, creamer=milk jug,
    ^glass$=glass, scale=kitchen scale, cocktail=cocktail glass, coffee press=coffee press, cup$|mug=coffee cup,
    roasted chicken=roast chicken, suit$=suit, oval plate|plate$=plate, fireplace=fireplace,
    child hut|garden hut=garden hut, mailbox=mailbox, medicine=medicine bottle, lamp$=lamp,
    tape measure=tape measure, white board=whiteboard, ^tape$=roll of tape, ^towel=towel, box$=box,
    water heater=water heater, futon|air mattress=mattress, screen=projection screen, cone=traffic cone,
    ^tulips=tulips, futbol|football goal=football goal, boiler=boiler
    """
)


def emoji_name(short_name: str) -> str | None:
    """Return the name to use for an emoji with this CLDR short name, or None to leave it out."""
    name = re.sub(r"[“”]", "", short_name).replace("\u2019", "'")
    if ":" in name:
        return None
    if name not in _EMOJI_KEEP and (name in _EMOJI_OUT_EXACT or _EMOJI_OUT.search(name)):
        return None
    return _EMOJI_RENAME.get(name, name)


def furniture_name(catalogue_name: str) -> str | None:
    """Return the name to use for a model with this English catalogue name, or None to leave it out."""
    name = lowered(re.sub(r"\s+", " ", catalogue_name).strip())
    flat = name.lower()
    if _FURNITURE_OUT.search(flat):
        return None
    if flat in ("christmas tree", "palm tree", "toilet brush", "bonsai tree", "wooden toy"):
        return name
    for pattern, better in _FURNITURE_RULES:
        if re.search(pattern, flat):
            return better
    return re.sub(r" \d.*$", "", name)


def lowered(name: str) -> str:
    """Return the name in lower case except for words written with a capital in a sentence."""
    keep = {word.lower(): word for word in PROPER}
    return " ".join(keep.get(word.lower(), word.lower()) for word in name.split(" "))
