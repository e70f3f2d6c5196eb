"""A furnished room with photos of it, and its cameras written as every program and data set writes them."""

from __future__ import annotations

import io
import json
import struct
from functools import cache

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

from tests.data.clouds import furnished, ply, text

SIZE = (120, 160)  #: height, width
K = np.array([[110.0, 0, 80], [0, 112, 60], [0, 0, 1]])
FLIP = np.diag([1.0, -1, -1, 1])
FRAMES = 4
XYZ, RGB = furnished(30_000)


def look(place, target, up=(0, 0, 1)) -> np.ndarray:
    """Camera to world, x right, y down, z ahead."""
    ahead = np.subtract(target, place) / np.linalg.norm(np.subtract(target, place))
    right = np.cross(ahead, up) / np.linalg.norm(np.cross(ahead, up))
    pose = np.eye(4)
    pose[:3, :3] = np.column_stack([right, np.cross(ahead, right), ahead])
    pose[:3, 3] = place
    return pose


POSES = [look((0.4 + i / 10, 0.5, 1.6), (1.5 + i / 2, 4, 0.7)) for i in range(FRAMES)]


@cache
def shot(at: int) -> tuple[np.ndarray, np.ndarray]:
    """(height, width, 3) a photo of the room and (height, width) its depth in metres, each point a square of pixels."""
    pose = POSES[at]
    seen = (XYZ - pose[:3, 3]) @ pose[:3, :3]
    depth = seen[:, 2]
    pixel = (seen[:, :2] / np.maximum(depth, 1e-6)[:, None]) @ K[:2, :2].T + K[:2, 2]
    order = np.argsort(-depth)
    image, far = np.zeros((*SIZE, 3), np.uint8), np.zeros(SIZE)
    for i in order[depth[order] > 0.05]:
        column, row = pixel[i].astype(int)
        side = max(1, int(3 / depth[i]))
        if -side < row < SIZE[0] + side and -side < column < SIZE[1] + side:
            rows, columns = slice(max(0, row - side), row + side + 1), slice(max(0, column - side), column + side + 1)
            image[rows, columns], far[rows, columns] = RGB[i], depth[i]
    return image, far


def encoded(pixels: np.ndarray, form: str = "PNG", **more) -> bytes:
    """Pixels as a file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **more)
    return file.getvalue()


def jpeg(at: int, orientation: int = 1) -> bytes:
    """A photo as JPEG, which EXIF asks to turn."""
    exif = Image.Exif()
    if orientation != 1:
        exif[0x0112] = orientation
    return encoded(shot(at)[0], "JPEG", quality=95, exif=exif)


def deep(at: int, scale: float = 1000) -> bytes:
    """A depth map of 16 bits."""
    return encoded((shot(at)[1] * scale).round().clip(0, 65535).astype(np.uint16))


def certain() -> bytes:
    """A map of confidence."""
    return encoded((np.arange(SIZE[0] * SIZE[1]).reshape(SIZE) % 3).astype(np.uint8))


def rows(matrix) -> bytes:
    """A matrix as text."""
    return "\n".join(" ".join(f"{v:.8f}" for v in row) for row in np.atleast_2d(matrix)).encode() + b"\n"


def quaternion(pose) -> list[float]:
    """x y z w of a pose."""
    return Rotation.from_matrix(pose[:3, :3]).as_quat().tolist()


def scannet() -> dict[str, bytes]:
    """What ScanNet's Python exporter writes."""
    files = {
        "s/scene0001_00_vh_clean_2.ply": ply(XYZ, RGB, faces=4, alpha=True),
        "s/intrinsic/intrinsic_color.txt": rows(K),
    }
    files |= {"s/intrinsic/intrinsic_depth.txt": rows(2 * K), "s/scene0001_00_vh_clean_2.labels.ply": ply(XYZ)}
    for i in range(FRAMES):
        files |= {f"s/color/{i}.jpg": jpeg(i), f"s/depth/{i}.png": deep(i), f"s/pose/{i}.txt": rows(POSES[i])}
        files |= {f"s/label/{i}.png": certain(), f"s/instance/{i}.png": certain()}
    return files


def pgm(at: int) -> bytes:
    """A depth map as ScanNet's C++ exporter and 3RScan have it."""
    values = (shot(at)[1] * 1000).round().astype(">u2")
    return b"P5\n%d %d\n65535\n" % SIZE[::-1] + values.tobytes()


def info() -> bytes:
    """The settings of a sequence."""
    whole = np.eye(4)
    whole[:3, :3] = K
    line = " ".join(f"{v:.6f}" for v in whole.reshape(-1))
    return (
        f"m_versionNumber = 4\nm_colorWidth = {SIZE[1]}\nm_colorHeight = {SIZE[0]}\nm_depthShift = 1000\n"
        f"m_calibrationColorIntrinsic = {line} \nm_frames.size = {FRAMES}\n"
    ).encode()


def scannet_cpp() -> dict[str, bytes]:
    """What ScanNet's C++ exporter writes, and 3RScan has."""
    files = {"scene.ply": ply(XYZ, RGB), "seq/_info.txt": info()}
    for i in range(FRAMES):
        name = f"seq/frame-{i:06d}"
        files |= {f"{name}.color.jpg": jpeg(i), f"{name}.depth.pgm": pgm(i), f"{name}.pose.txt": rows(POSES[i])}
    return files


def three_rscan() -> dict[str, bytes]:
    """3RScan: the mesh with labels beside the mesh."""
    files = scannet_cpp()
    del files["scene.ply"]
    mesh = "\n".join(f"v {x:.4f} {y:.4f} {z:.4f} {r / 255:.5f} {g / 255:.5f} {b / 255:.5f}" for (x, y, z), (r, g, b) in
                     zip(XYZ, RGB, strict=True))  # fmt: skip
    return files | {
        "mesh.refined.v2.obj": mesh.encode() + b"\n",
        "labels.instances.annotated.v2.ply": ply(XYZ, RGB[::-1]),
        "semseg.v2.json": b"{}",
    }


def arkitscenes() -> dict[str, bytes]:
    """A raw scene of ARKitScenes."""
    lines, files = [], {"48/48_3dod_mesh.ply": ply(XYZ, RGB), "48/48_3dod_annotation.json": b"{}"}
    for i, pose in enumerate(POSES):
        name, outward = f"48_{6100 + i}.100", np.linalg.inv(pose)
        turn = Rotation.from_matrix(outward[:3, :3]).as_rotvec()
        lines.append(" ".join(map(str, [6100.1 + i, *turn, *outward[:3, 3]])))
        files |= {f"48/lowres_wide/{name}.png": encoded(shot(i)[0]), f"48/lowres_depth/{name}.png": deep(i)}
        files |= {f"48/confidence/{name}.png": certain()}
        pin = f"{SIZE[1]} {SIZE[0]} {K[0, 0]} {K[1, 1]} {K[0, 2]} {K[1, 2]}"
        files |= {f"48/lowres_wide_intrinsics/{name}.pincam": pin.encode()}
    return files | {"48/lowres_wide.traj": "\n".join(lines).encode()}


def replica() -> dict[str, bytes]:
    """Replica as NICE-SLAM has it: depth maps among the photos, all poses in one file, the mesh beside."""
    files = {"office0_mesh.ply": ply(XYZ, RGB), "office0/traj.txt": b"".join(rows(p.reshape(1, 16)) for p in POSES)}
    camera = {"w": SIZE[1], "h": SIZE[0], "fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2], "cy": K[1, 2], "scale": 6553.5}
    files["cam_params.json"] = json.dumps({"camera": camera}).encode()
    for i in range(FRAMES):
        files |= {f"office0/results/frame{i:06d}.jpg": jpeg(i), f"office0/results/depth{i:06d}.png": deep(i, 6553.5)}
    return files


def stray() -> dict[str, bytes]:
    """Stray Scanner with its frames exported."""
    lines = ["timestamp, frame, x, y, z, qx, qy, qz, qw"]
    files = {"cloud.ply": ply(XYZ, RGB), "camera_matrix.csv": rows(K).replace(b" ", b", "), "imu.csv": b"a,b\n1,2\n"}
    for i, pose in enumerate(POSES):
        lines.append(", ".join(map(str, [i / 60, f"{i:06d}", *pose[:3, 3], *quaternion(pose)])))
        files |= {f"rgb/{i:06d}.jpg": jpeg(i), f"depth/{i:06d}.png": deep(i), f"confidence/{i:06d}.png": certain()}
    return files | {"odometry.csv": "\n".join(lines).encode(), "rgb.mp4": b"\0\0\0\x18ftypmp42"}


def polycam() -> dict[str, bytes]:
    """Polycam's raw data: corrected photos beside the first ones, y up and z back."""
    files = {"keyframes/cloud.ply": ply(XYZ, RGB), "mesh_info.json": b"{}", "thumbnail.jpg": jpeg(0)}
    for i, pose in enumerate(POSES):
        held = pose @ FLIP
        camera = {f"t_{r}{c}": float(held[r, c]) for r in range(3) for c in range(4)}
        camera |= {"fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2], "cy": K[1, 2], "width": SIZE[1], "height": SIZE[0]}
        for kind in ("", "corrected_"):
            files |= {f"keyframes/{kind}images/{900 + i}.jpg": jpeg(i)}
            files |= {f"keyframes/{kind}cameras/{900 + i}.json": json.dumps(camera).encode()}
        files |= {f"keyframes/depth/{900 + i}.png": deep(i), f"keyframes/confidence/{900 + i}.png": certain()}
    return files


def record3d() -> dict[str, bytes]:
    """Record3D: one file of metadata, K by columns, y up and z back, depth as EXR."""
    poses = [[*quaternion(pose @ FLIP), *pose[:3, 3].tolist()] for pose in POSES]
    metadata = {"w": SIZE[1], "h": SIZE[0], "K": K.T.reshape(-1).tolist(), "poses": poses, "fps": 60}
    files = {"cloud.ply": ply(XYZ, RGB), "metadata.json": json.dumps(metadata).encode()}
    for i in range(FRAMES):
        files |= {f"rgb/{i}.jpg": jpeg(i), f"depth/{i}.exr": b"v/1\1"}
    return files


def nerfstudio() -> dict[str, bytes]:
    """transforms.json, smaller copies of the photos beside them."""
    frames = [
        {"file_path": f"./images/frame_{i:05d}.jpg", "transform_matrix": (p @ FLIP).tolist()}
        for i, p in enumerate(POSES)
    ]
    transforms = {
        "w": SIZE[1],
        "h": SIZE[0],
        "fl_x": K[0, 0],
        "fl_y": K[1, 1],
        "cx": K[0, 2],
        "cy": K[1, 2],
        "frames": frames,
    }
    files = {"transforms.json": json.dumps(transforms | {"k1": 0.001}).encode(), "sparse_pc.ply": ply(XYZ, RGB)}
    for i in range(FRAMES):
        small = encoded(shot(i)[0][::2, ::2], "JPEG")
        files |= {f"images/frame_{i:05d}.jpg": jpeg(i), f"images_2/frame_{i:05d}.jpg": small}
    return files


def outward(pose) -> list[float]:
    """COLMAP's w x y z and place of a pose."""
    back = np.linalg.inv(pose)
    x, y, z, w = quaternion(back)
    return [w, x, y, z, *back[:3, 3]]


def colmap_text() -> dict[str, bytes]:
    """A sparse model as text."""
    cameras = f"# Camera list\n1 PINHOLE {SIZE[1]} {SIZE[0]} {K[0, 0]} {K[1, 1]} {K[0, 2]} {K[1, 2]}\n"
    images, points = "# Image list\n", "# 3D point list with one line of data per point:\n"
    for i, pose in enumerate(POSES):
        images += (
            " ".join(map(str, [i + 1, *outward(pose), 1, f"a photo {i}.jpg"])) + "\n" + "1.0 2.0 -1 " * (i % 2) + "\n"
        )
    for i in range(0, len(XYZ), 3):
        points += " ".join(map(str, [i + 1, *XYZ[i], *RGB[i], 0.5])) + " 1 2" * (1 + i % 3) + "\n"
    files = {"sparse/0/cameras.txt": cameras, "sparse/0/images.txt": images, "sparse/0/points3D.txt": points}
    return {name: data.encode() for name, data in files.items()} | {
        f"images/a photo {i}.jpg": jpeg(i) for i in range(FRAMES)
    }


def colmap_binary() -> dict[str, bytes]:
    """A sparse model as binary, as COLMAP writes it by default."""
    cameras = struct.pack("<Q", 1) + struct.pack("<IiQQ4d", 1, 1, SIZE[1], SIZE[0], K[0, 0], K[1, 1], K[0, 2], K[1, 2])
    images, points = struct.pack("<Q", FRAMES), struct.pack("<Q", len(XYZ))
    for i, pose in enumerate(POSES):
        images += struct.pack("<I7dI", i + 1, *outward(pose), 1) + f"{i}.jpg".encode() + b"\0"
        images += struct.pack("<Q", 1) + struct.pack("<2dq", 1.0, 2.0, -1)
    for i, (place, colour) in enumerate(zip(XYZ.astype(float), RGB, strict=True)):
        points += struct.pack("<Q3d3BdQ", i + 1, *place, *colour.tolist(), 0.5, 1) + struct.pack("<II", 1, 2)
    files = {"sparse/0/cameras.bin": cameras, "sparse/0/images.bin": images, "sparse/0/points3D.bin": points}
    return files | {f"images/{i}.jpg": jpeg(i) for i in range(FRAMES)}


def s3dis() -> dict[str, bytes]:
    """A room of S3DIS with the photos of 2D-3D-S."""
    whole = text(XYZ, RGB, form="%.3f %.3f %.3f %d %d %d")
    files = {"office_1/office_1.txt": whole, "office_1/Annotations/ceiling_1.txt": whole[: len(whole) // 2]}
    files["office_1/Annotations/chair_1.txt"] = whole[: whole.index(b"\n", 40_000) + 1]
    for i, pose in enumerate(POSES):
        name = f"office_1/data/camera_{i:032x}_office_1_frame_{i}_domain"
        camera = {"camera_k_matrix": K.tolist(), "camera_rt_matrix": np.linalg.inv(pose)[:3].tolist()}
        files |= {f"{name}_rgb.png": encoded(shot(i)[0]), f"{name}_depth.png": deep(i, 512)}
        files |= {f"{name}_pose.json": json.dumps(camera).encode(), f"{name}_semantic.png": encoded(shot(i)[0][::-1])}
    return files


def mmdetection3d() -> dict[str, bytes]:
    """Points without a header, posed images with depth maps among them, supervoxels as whole numbers."""
    files = {"points/scene0001_00.bin": np.column_stack([XYZ, RGB]).astype("<f4").tobytes()}
    files["super_points/scene0001_00.bin"] = (np.arange(len(XYZ)) // 50).astype("<i8").tobytes()
    files |= {
        f"{kind}_mask/scene0001_00.bin": np.arange(len(XYZ)).astype("<i8").tobytes()
        for kind in ("semantic", "instance")
    }
    files["posed_images/scene0001_00/intrinsic.txt"] = rows(K)
    for i in range(FRAMES):
        name = f"posed_images/scene0001_00/{i:05d}"
        files |= {f"{name}.jpg": jpeg(i), f"{name}.png": deep(i), f"{name}.txt": rows(POSES[i])}
    return files


def tum() -> dict[str, bytes]:
    """TUM RGB-D: moments as names, 5,000 a metre, a trajectory with its own moments."""
    lines = ["# timestamp tx ty tz qx qy qz qw"]
    files = {"cloud.pcd.ply": ply(XYZ, RGB), "intrinsics.txt": rows(K)}
    for i, pose in enumerate(POSES):
        lines.append(" ".join(map(str, [f"{100 + i}.004", *pose[:3, 3], *quaternion(pose)])))
        files |= {f"rgb/{100 + i}.000.png": encoded(shot(i)[0]), f"depth/{100 + i}.000.png": deep(i, 5000)}
    return files | {"groundtruth.txt": "\n".join(lines).encode()}
