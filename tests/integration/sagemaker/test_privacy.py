"""What the cloud keeps and says is its user's alone."""

import stat


def test_state_and_logs_are_readable_by_their_user_alone(account):
    account.train("private", word="private")
    # What images hold keeps the modes that it was pushed with; the folders around it are looked at.
    of_images = {account.state_dir / "images", *account.state_dir.glob("sagemaker/**/work/*/image")}
    open_to_others = [
        f"{stat.filemode(path.lstat().st_mode)} {path.relative_to(account.state_dir)}"
        for path in (account.state_dir, *account.state_dir.rglob("*"))
        if not path.is_symlink() and path.lstat().st_mode & 0o077 and not of_images & {path, *path.parents}
    ]
    assert open_to_others == []
    assert (account.state_dir / "cloud.log").is_file()
