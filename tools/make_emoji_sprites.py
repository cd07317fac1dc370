"""Make the sprite files of the embedded data set from two npm packages.

    npm pack emoji-datasource-google@16.0.0 emoji-datasource-twitter@16.0.0
    python tools/make_emoji_sprites.py FOLDER_WITH_BOTH_TGZ

writes

- ``datasets/emoji/``: ``sprites.webp`` (one lossless sheet of 64-px RGBA tiles) and
  ``manifest.json`` (where the drawings come from, licences, checksum, one line a sprite);
- ``autograder/heldout/emoji10/``: the same two files for the designs that students never get.

`EMOJI10` and `parts_of_drawings` below are the only place that says which emoji belong to which
class, and which drawings of them are for training, for testing and for grading.
"""

import argparse
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[1]
VERSION = "16.0.0"
TILE = 64
COLUMNS = 48

SOURCES = {
    "google": {
        "package": f"emoji-datasource-google {VERSION} (npm)",
        "drawings": "Noto Emoji 2.048, Google and contributors",
        "licence": "Apache-2.0",
    },
    "twitter": {
        "package": f"emoji-datasource-twitter {VERSION} (npm)",
        "drawings": "Twemoji 16.0.1, Twitter, Inc. and other contributors",
        "licence": "CC-BY-4.0",
    },
}

# Flags and signs are no objects that a scene could show; a family is a drawing of persons that
# are in the set already; 16.0.0 marks an emoji as obsolete when its default became another one.
LEFT_OUT_CATEGORIES = {"Symbols", "Component", "Flags"}
LEFT_OUT_SUBCATEGORIES = {"family"}

# class -> short names, as in the packages' emoji.json
EMOJI10 = {
    "bird": "chicken rooster hatching_chick baby_chick hatched_chick bird penguin dove_of_peace"
    " eagle duck swan owl dodo flamingo peacock parrot black_bird goose turkey phoenix",
    "bug": "ant bee beetle ladybug cricket cockroach spider scorpion mosquito fly butterfly bug",
    "building": "house_buildings derelict_house_building house house_with_garden office"
    " post_office european_post_office hospital bank hotel love_hotel convenience_store school"
    " department_store factory japanese_castle european_castle wedding church mosque synagogue"
    " classical_building hut",
    "cat": "smiley_cat smile_cat joy_cat heart_eyes_cat smirk_cat kissing_cat scream_cat"
    " crying_cat_face pouting_cat cat cat2 black_cat lion_face tiger tiger2 leopard",
    "face": "grinning smiley grin joy wink innocent blush slightly_smiling_face melting_face"
    " upside_down_face heart_eyes kissing kissing_heart star-struck yum stuck_out_tongue laughing"
    " zany_face stuck_out_tongue_closed_eyes money_mouth_face shushing_face thinking_face"
    " zipper_mouth_face neutral_face expressionless smirk unamused relieved drooling_face"
    " sleeping mask face_with_thermometer nauseated_face woozy_face face_with_cowboy_hat"
    " partying_face sunglasses nerd_face face_with_monocle confused worried open_mouth astonished"
    " flushed fearful cry sob scream persevere weary angry rage clown_face",
    "flower": "cherry_blossom white_flower lotus rosette rose wilted_flower hibiscus sunflower"
    " blossom tulip hyacinth bouquet",
    "fruit": "grapes melon watermelon tangerine lemon lime banana pineapple mango apple"
    " green_apple pear peach cherries strawberry blueberries kiwifruit tomato olive coconut"
    " avocado",
    "hand": "wave raised_back_of_hand raised_hand_with_fingers_splayed hand spock-hand"
    " rightwards_hand leftwards_hand palm_down_hand palm_up_hand ok_hand pinched_fingers"
    " pinching_hand v crossed_fingers i_love_you_hand_sign the_horns call_me_hand point_left"
    " point_right point_up_2 point_down point_up +1 -1 fist facepunch left-facing_fist"
    " right-facing_fist",
    "heart": "cupid gift_heart sparkling_heart heartpulse heartbeat broken_heart heart_on_fire"
    " mending_heart heart pink_heart orange_heart yellow_heart green_heart blue_heart"
    " light_blue_heart purple_heart brown_heart black_heart grey_heart white_heart",
    "vehicle": "bus oncoming_bus trolleybus minibus ambulance fire_engine police_car"
    " oncoming_police_car taxi oncoming_taxi car oncoming_automobile blue_car pickup_truck truck"
    " articulated_lorry tractor racing_car auto_rickshaw",
}


def parts_of_drawings() -> dict[tuple[str, str], tuple[str, str]]:
    """Return {(vendor, short name): (class, part)} for every drawing of emoji10.

    Of ten emoji in a row, two give Google's drawing to the test images and two others Twitter's;
    one gives Google's drawing to grading and another one Twitter's. The rest is for training.
    """
    parts = {}
    for label, names in EMOJI10.items():
        for index, name in enumerate(names.split()):
            google = {3: "test", 8: "test", 1: "heldout"}.get(index % 10, "train")
            twitter = {0: "test", 5: "test", 6: "heldout"}.get(index % 10, "train")
            parts["google", name] = label, google
            parts["twitter", name] = label, twitter
    return parts


def read_package(folder: Path, vendor: str) -> tuple[list[dict], dict[str, Image.Image]]:
    """Return the emoji table and the 64-px images (by file name) of one vendor's npm package."""
    path = folder / f"emoji-datasource-{vendor}-{VERSION}.tgz"
    if not path.exists():
        raise SystemExit(
            f"{path} is missing: run `npm pack emoji-datasource-{vendor}@{VERSION}` in {folder}"
        )
    images = {}
    table: list[dict] = []
    with tarfile.open(path) as package:
        for member in package:
            if member.name == "package/emoji.json":
                table = json.load(package.extractfile(member))
            elif member.name.startswith(f"package/img/{vendor}/64/"):
                data = package.extractfile(member).read()
                images[Path(member.name).name] = Image.open(io.BytesIO(data)).convert("RGBA")
    return sorted(table, key=lambda emoji: emoji["sort_order"]), images


def is_kept(emoji: dict) -> bool:
    """Whether an emoji is worth its bytes."""
    return (
        emoji["category"] not in LEFT_OUT_CATEGORIES
        and emoji["subcategory"] not in LEFT_OUT_SUBCATEGORIES
        and "obsoleted_by" not in emoji
        and not emoji["short_name"].endswith("_facing_right")
    )


def describe(emoji: dict, vendor: str, parts: dict[tuple[str, str], tuple[str, str]]) -> dict:
    """Return the manifest line of one sprite."""
    line = {
        "name": emoji["short_name"],
        "title": emoji["name"].lower(),
        "codepoint": emoji["unified"].lower(),
        "vendor": vendor,
        "category": emoji["category"],
        "subcategory": emoji["subcategory"],
    }
    if (vendor, emoji["short_name"]) in parts:
        line["emoji10"], line["part"] = parts[vendor, emoji["short_name"]]
    return line


def write_sheet(folder: Path, about: str, sprites: list[tuple[dict, Image.Image]]) -> None:
    """Write ``sprites.webp`` and ``manifest.json`` into `folder`."""
    rows = -(-len(sprites) // COLUMNS)
    sheet = np.zeros((rows * TILE, COLUMNS * TILE, 4), np.uint8)
    for index, (_, image) in enumerate(sprites):
        row, column = divmod(index, COLUMNS)
        tile = np.array(image)
        tile[tile[..., 3] == 0] = 0  # colours under full transparency only cost bytes
        sheet[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE] = tile

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "sprites.webp"
    Image.fromarray(sheet).save(file, lossless=True, quality=100, method=4)
    data = file.read_bytes()
    manifest = {
        "about": about,
        "file": file.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "tile": TILE,
        "columns": COLUMNS,
        "sources": SOURCES,
    }
    head = json.dumps(manifest, indent=1)[:-2]
    lines = ",\n".join("  " + json.dumps(line) for line, _ in sprites)
    text = f'{head},\n "sprites": [\n{lines}\n ]\n}}\n'
    json.loads(text)
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    print(f"{folder}: {len(sprites)} sprites, {len(data) / 1e6:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", type=Path, help="folder with both packages' .tgz files")
    folder = parser.parse_args().packages

    parts = parts_of_drawings()
    shown, heldout = [], []
    for vendor in SOURCES:
        table, images = read_package(folder, vendor)
        missing = {name for _, name in parts} - {emoji["short_name"] for emoji in table}
        if missing:
            raise SystemExit(f"EMOJI10 names unknown emoji: {sorted(missing)}")
        for emoji in filter(is_kept, table):
            line = describe(emoji, vendor, parts)
            target = heldout if line.get("part") == "heldout" else shown
            target.append((line, images[emoji["image"]]))

    write_sheet(REPOSITORY / "datasets" / "emoji", "Emoji drawings, 64 px, RGBA.", shown)
    write_sheet(
        REPOSITORY / "autograder" / "heldout" / "emoji10",
        "Designs that only grading sees; same format as datasets/emoji.",
        heldout,
    )


if __name__ == "__main__":
    main()
