"""What a file of a picture is, by its first bytes: one that is read, or one that is refused by name."""

from __future__ import annotations

#: kinds of pictures that are read, for people
READ = "PNG, JPEG, WebP, HEIC, AVIF, TIFF, GIF, BMP, JPEG 2000 or PPM"

_STARTS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG"), (0, b"\xff\xd8\xff", "JPEG"), (0, b"GIF8", "GIF"), (0, b"BM", "BMP"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"), (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (8, b"CR\x02", "camera RAW"), (0, b"II*\0", "TIFF"), (0, b"MM\0*", "TIFF"), (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"), (0, b"IIRO", "camera RAW"), (0, b"IIRS", "camera RAW"), (0, b"IIU\0", "camera RAW"),
    (0, b"FUJIFILMCCD-RAW", "camera RAW"), (0, b"FOVb", "camera RAW"), (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"), (0, b"8BPS", "Photoshop"), (0, b"gimp xcf", "GIMP"),
    (0, b"\x76\x2f\x31\x01", "OpenEXR"), (0, b"#?RADIANCE", "Radiance HDR"), (0, b"#?RGBE", "Radiance HDR"),
    (0, b"%PDF", "PDF"), (0, b"%!PS", "PostScript"), (0, b"\xc5\xd0\xd3\xc6", "PostScript"), (128, b"DICM", "DICOM"),
    (0, b"SIMPLE  =", "FITS"), (0, b"\x89HDF", "HDF5"), (0, b"\x93NUMPY", "NumPy"), (0, b"\0\0\1\0", "ICO"),
    (0, b"PK\x03\x04", "zip or office"), (0, b"Rar!", "RAR"), (0, b"7z\xbc\xaf", "7z"), (0, b"\x1f\x8b", "gzip"),
    (0, b"PF\n", "PFM of colours"),
    (0, b"<svg", "SVG"), (0, b"<?xml", "SVG or XML"), (0, b"<!DOCTYPE svg", "SVG"), (0, b"<!", "HTML"),
    (0, b"<html", "HTML"), (0, b"OggS", "sound or film"), (0, b"ID3", "sound"), (0, b"\x1aE\xdf\xa3", "film"),
)  # fmt: skip
_BRANDS = {
    b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"heim": "HEIC", b"heis": "HEIC",
    b"hevc": "HEIC", b"hevx": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC", b"crx ": "camera RAW",
}  # fmt: skip
#: kind → what to do, where it is not “Save it as PNG”
ADVICE = {
    "JPEG XL": "Save it as PNG or JPEG; there is no reader of JPEG XL here",
    "camera RAW": "Develop it first: save it as JPEG or TIFF with the camera's program or darktable",
    "DICOM": "Save the picture as PNG or TIFF with the viewer, in the window that you look at",
    "NumPy": "Save the array as PNG or TIFF",
    "OpenEXR": "Save it as TIFF with the brightness that you look at",
    "Radiance HDR": "Save it as TIFF with the brightness that you look at",
    "HTML": "It is what a download that failed leaves: download the picture again",
    "zip or office": "Unpack it, and choose the picture",
    "gzip": "Unpack it, and choose the picture",
    "RAR": "Unpack it, and choose the picture",
    "7z": "Unpack it, and choose the picture",
    "film": "Save one frame of it as PNG",
    "sound or film": "Choose a picture",
    "sound": "Choose a picture",
    "RIFF": "Choose a picture",
}


def of(data: bytes) -> str:
    """What the file is; empty where unknown."""
    if data[:4] == b"RIFF":
        return "WebP" if data[8:12] == b"WEBP" else "RIFF"
    if data[4:8] == b"ftyp":
        size = min(int.from_bytes(data[:4], "big"), 256)
        brands = [data[8:12], *(data[offset : offset + 4] for offset in range(16, size, 4))]
        named = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
        return "AVIF" if "AVIF" in named else named[0] if named else "film"
    if data[:1] == b"P" and data[1:2] in b"123456f" and data[2:3].isspace():
        return "PPM"
    head = data[:256].lstrip(b"\xef\xbb\xbf \r\n")
    if head[:5].lower() == b"<html":
        return "HTML"
    return next(
        (
            kind
            for offset, start, kind in _STARTS
            if (data[offset : offset + len(start)] if offset else head).startswith(start)
        ),
        "",
    )
