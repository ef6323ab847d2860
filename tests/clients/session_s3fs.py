"""A short session with s3fs, and pandas over it, run in the clients' own Python."""

import sys

import pandas as pd
import s3fs

bucket, _ = sys.argv[1:]
root = f"{bucket}/fs"
frame = pd.DataFrame({"a": [1, 2], "b": ["x", 'ü, "y"']})
frame.to_csv(f"s3://{root}/a b+c%.csv", index=False)
assert pd.read_csv(f"s3://{root}/a b+c%.csv").equals(frame)
frame.to_parquet(f"s3://{root}/deep/er/x.parquet")
assert pd.read_parquet(f"s3://{root}/deep/er/x.parquet").equals(frame)

fs = s3fs.S3FileSystem()
assert fs.isdir(f"{root}/deep")
assert not fs.exists(f"{root}/other")
assert fs.glob(f"{root}/**/*.parquet") == [f"{root}/deep/er/x.parquet"]
assert sorted(fs.find(root)) == [f"{root}/a b+c%.csv", f"{root}/deep/er/x.parquet"]
fs.mv(f"{root}/a b+c%.csv", f"{root}/moved/ø.csv")
assert fs.ls(f"{root}/moved") == [f"{root}/moved/ø.csv"]
big = bytes(range(256)) * 50_000  # 12.8 MB: several parts
with fs.open(f"{root}/big", "wb", block_size=5 * 2**20) as target:
    target.write(big)
with fs.open(f"{root}/big", "rb") as source:
    source.seek(6_000_000)
    assert source.read(1000) == big[6_000_000:6_001_000]
assert fs.du(f"{root}/big") == len(big)
fs.rm(root, recursive=True)
assert fs.find(root) == []
print("s3fs: done")
