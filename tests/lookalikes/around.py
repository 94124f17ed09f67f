"""What lies around an output folder, to see that nothing is written there."""


def everything(folder):
    """Every path below a folder with its content, but for those of the output."""
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if "out" not in path.relative_to(folder).parts
    }
