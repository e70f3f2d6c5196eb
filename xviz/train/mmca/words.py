"""Just enough English for the sentences: articles, plurals, number words, and which names share a noun."""

from __future__ import annotations

import re
from functools import cache

from xviz.train.common.tables import listed, paired

#: colour names a cut-out can have, besides "none"
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six")

#: names that are already plural, said with "some"; never counted
PLURALS = frozenset(
    listed(
        """
    apples, bags, beans, blueberries, boars, books, boots, ceps, chains, cherries, chopsticks, clothes, crackers,
    dice, dolls, flowers, fries, gloves, grapes, horns, keys, leaves, lilies, logs, maracas, noodles, orchids,
    pancakes, paperclips, paws, peanuts, raspberries, shelves, shoes, skis, slippers, sneakers, socks, tulips, wings
    """
    )
)
#: names that are one thing in plural form, said with "a pair of"
PAIRS = frozenset(
    listed(
        """
    binoculars, glasses, goggles, headphones, jeans, pliers, scissors, shorts, sunglasses, trousers
    """
    )
)
#: names that are stuff, said with "some"; never counted
STUFF = frozenset(
    listed(
        """
    bacon, bamboo, bread, broccoli, butter, cheese, confetti, coral, corn, fire, furniture, garlic, ginger, ice,
    jewellery, lavender, lettuce, milk, plywood, polish, luggage, popcorn, pottery, rice, sake, salt, soap,
    spaghetti, sugar, sushi, thread, thyme, wood, yarn
    """
    )
)
#: single things whose names end like plurals
_SINGLE_S = frozenset(
    listed(
        """
    bus, christmas, claus, gas, lens
    """
    )
)
_IRREGULAR = dict(
    paired(
        """
    man=men, woman=women, child=children, mouse=mice, goose=geese, tooth=teeth, foot=feet, sheep=sheep, deer=deer,
    fish=fish, squid=squid, shrimp=shrimp, bison=bison, person=people, knife=knives, leaf=leaves, wolf=wolves,
    loaf=loaves, scarf=scarves, die=dice, ox=oxen, potato=potatoes, tomato=tomatoes, mango=mangoes,
    volcano=volcanoes, mosquito=mosquitoes, moose=moose, trout=trout, salmon=salmon, axe=axes, buffalo=buffaloes,
    cactus=cacti, elf=elves, shelf=shelves, aircraft=aircraft, quiz=quizzes, penny=pennies
    """
    )
)
#: irregular nouns that keep their plural at the end of longer words
_IN_COMPOUNDS = ("man", "mouse", "fish", "foot", "tooth", "child")
_SINGULAR = {plural: singular for singular, plural in _IRREGULAR.items()}

#: different words for much the same thing; each row counts as one word
_ALIKE = listed(
    """
    sofa couch settee, television tv, car automobile sedan suv taxi racecar, bicycle bike,
    lamp light lantern lightbulb candle candelabra, refrigerator fridge freezer, rabbit bunny hare,
    trash garbage bin wastebasket dustbin wheelie compost, sink basin washbasin, cup mug teacup,
    lorry truck van pickup, boat ship sailboat rowboat canoe speedboat ferry junk tugboat,
    cow bull ox buffalo cattle bison yak zebu, dog bulldog puppy poodle dingo, cat kitten,
    chicken hen rooster chick turkey drumstick, phone telephone iphone mobile, present gift,
    plane airplane biplane aircraft jet, mailbox postbox post, bottle flask flacon,
    rock stone pebble gravestone headstone tombstone grave marker monument, shrimp prawn, lobster crayfish,
    stool chair seat armchair, shelf bookcase shelves, desk table workbench,
    cupboard cabinet wardrobe dresser closet chest, clock watch stopwatch, ladybug ladybird, hat cap fedora sombrero,
    shoe sneaker boot slipper, pan pot kettle, trousers jeans pants shorts, glasses sunglasses goggles spectacles,
    hammer mallet, shovel spade, wrench spanner, pig boar hog, ram sheep ewe lamb goat,
    deer moose elk caribou doe wapiti reindeer stag blackbuck gnu, camel dromedary llama,
    gorilla orangutan chimpanzee monkey ape tamarin, corn maize, eggplant aubergine, pepper chilli chili chile,
    mushroom cep, orange tangerine mandarin clementine, donut doughnut, motorcycle motorbike scooter moped,
    bee honeybee hornet wasp hoverfly, fly mosquito, mouse rat hamster, seal lion, frog toad,
    lizard iguana crocodile, elephant mammoth, horse pony donkey, duck drake goose gander swan,
    peacock peahen peafowl, penguin pengwin, seagull gull, parrot rosella lorikeet macaw,
    crow raven magpie blackbird, guinea fowl guineafowl, person man woman boy girl child baby farmer cook,
    oven stove cooker microwave, guitar banjo, violin cello fiddle, trumpet bassoon saxophone horn, piano keyboard,
    drum tomtom cymbal drumkit, ball football basketball volleyball baseball softball,
    tree pine palm oak birch maple,
    flower rose tulip lily hibiscus daffodil sunflower iris orchid anemone
    marigold petunia lotus plant bouquet blossom anthurium,
    computer laptop, speaker loudspeaker, coat jacket, toilet urinal bidet potty, bath bathtub jacuzzi,
    dinosaur t-rex, squirrel chipmunk, dolphin whale orca, bear koala panda teddy, eagle vulture owl hawk, fan fans,
    whale dolphinfish, snail slug, dreydl dreidel, cake cupcake pie shortcake pudding, squash pumpkin jack-o'-lantern
    """
)
_ALIKE_TO = {word: row.split()[0] for row in _ALIKE for word in row.split()}

#: words that do not make two things alike
_LOOSE = frozenset(
    listed(
        """
    a, adjustable, american, an, and, at, baby, beer, big, birthday, black, blue, bowl, brown, bunch, by, christmas,
    closed, cluster, coffee, colorful, common, crowned, desk, double, easter, electric, european, feathered, field,
    fire, floor, football, for, french, fresh, from, garden, giant, glass, golden, great, green, grey, half, happy,
    hawaiian, head, helmeted, hot, ice, in, indian, its, japanese, kitchen, large, lit, little, metal, modern, new,
    of, office, old, on, open, orange, pair, paper, park, piece, ping, pink, plastic, police, pong, pool, pot,
    purple, racing, red, roll, round, sea, silver, singing, single, sleeping, slice, sliced, small, soccer, spiny,
    square, star, street, string, striped, sun, sweet, table, tea, tennis, the, tiny, to, toy, wall, water, white,
    whole, wild, wine, with, wood, wooden, yellow
    """
    )
)


def a(name: str) -> str:
    """Return ``a`` or ``an`` for the name that follows."""
    word = name.lower()
    if re.match(r"(?:uni|use|uk|us |eu|one|ewe|uri|ute)", word) or word.startswith("u-"):
        return "a"
    if name[:3] in ("SUV", "MP3", "X-r") or word.startswith(("hour", "heir", "honest")):
        return "an"
    return "an" if word[0] in "aeiou" else "a"


@cache
def kind(name: str) -> str:
    """Return how a name is counted.

    "one" (a cat), "plural" (some flowers), "pair" (a pair of scissors) or "stuff" (some bread).
    """
    noun = head(name)
    if noun in PAIRS:
        return "pair"
    if noun in PLURALS or (noun.endswith("s") and not noun.endswith(("ss", "us", "is")) and noun not in _SINGLE_S):
        return "plural"
    return "stuff" if noun in STUFF else "one"


def head(name: str) -> str:
    """Return the noun a name turns on: its last word, or the last before "of", "with", "and", "in"."""
    return re.split(r" (?:of|with|and|in|from|on) ", name.lower())[0].split(" ")[-1]


def plural(name: str) -> str:
    """Return the plural of a counted name (kind "one"); the head takes the ending."""
    before, joint, after = re.match(r"(.*?)((?: (?:of|with|and|in|from|on) .*)?)$", name).group(1, 2, 2)
    words = before.split(" ")
    words[-1] = _plural_word(words[-1])
    return " ".join(words) + (joint if after else "")


def _plural_word(word: str) -> str:
    low = word.lower()
    for single, irregular in _IRREGULAR.items():
        if low == single or (low.endswith(_IN_COMPOUNDS) and low.endswith(single) and low != "human"):
            return word[: len(word) - len(single)] + irregular
    if low.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if low.endswith("y") and low[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def singular(word: str) -> str:
    """Return the singular of one lower-case word, or the word itself."""
    if word in _SINGULAR:
        return _SINGULAR[word]
    if word in PAIRS or word.endswith(("ss", "us", "is")) or len(word) < 4:
        return word
    for ending, better in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", "")):
        if word.endswith(ending):
            return word[: -len(ending)] + better
    return word


def split_colour(name: str) -> tuple[str, str | None]:
    """Return the name without a leading colour word, and that colour or None ("red apple" -> "apple", "red")."""
    first, _, bare = name.partition(" ")
    first = "grey" if first in ("gray", "silver") else first
    return (bare, first) if bare and first in COLOURS else (name, None)


def nouns(name: str) -> frozenset[str]:
    """Return the words by which a name can be alike another: its head, and its other words that say what it is."""
    words = [word for word in re.split(r"[^\w'-]+", name.lower()) if word]
    heads = {singular(word) for word in words if word not in _LOOSE and len(word) > 2}
    heads.add(singular(head(name)))
    heads |= {_ALIKE_TO[word] for word in heads if word in _ALIKE_TO}
    return frozenset(heads)
