"""Fail when a method of the demo does not beat the majority class over its seeds."""

import sys

import pandas as pd

from models.registry import BASELINES

scores = pd.read_parquet(f"{sys.argv[1]}/scores.parquet")
scores = scores[scores["protocol"] == "loso"]
means = scores.groupby("method")["accuracy"].mean()
learners = [name for name in means.index if name not in BASELINES]
seeds = scores[scores["method"].isin(learners)].groupby("method")["seed"].nunique()
sys.stdout.write(f"{means.round(3).to_dict()} over {seeds.min()} seeds\n")
weak = [name for name in learners if means[name] <= means["majority"]]
if weak or seeds.min() < 3 or len(learners) < 5 or set(BASELINES) - set(means.index):
    sys.exit(f"not better than majority, or not run: {weak}")
