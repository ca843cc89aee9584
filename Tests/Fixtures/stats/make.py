"""Makes the files of this folder, with h5py 3.7 and scikit-learn 1.2 of Debian 12: statistics as toolkits keep them."""

import pickle

import h5py
import joblib
import numpy as np
from sklearn.preprocessing import StandardScaler

stats = np.load("../mels/pwg_stats.npy")
for name, data in (("mean", stats[0]), ("scale", stats[1])):  # as ParallelWaveGAN's write_hdf5 does
    with h5py.File("pwg_stats.h5", "a") as file:
        file.create_dataset(name, data=data.astype(np.float32))
with h5py.File("many.h5", "w") as file:  # so many names that the tree has several leaves
    for i in range(10):
        file.create_dataset(f"other{i:02}", data=np.arange(2))
    file.create_dataset("mean", data=stats[0].astype(np.float64))
    file.create_dataset("var", data=stats[1].astype(np.float64) ** 2)
    file.create_dataset("packed", data=np.zeros(100, np.float32), compression="gzip")
    file.attrs["text"] = "x"
with h5py.File("latest.h5", "w", libver="latest") as file:
    file.create_dataset("mean", data=stats[0])
scaler = StandardScaler().fit(np.random.default_rng(1).normal(size=(50, 3)) * [1, 2, 3] + [4, 5, 6])
with open("scaler.pickle", "wb") as file:
    pickle.dump(scaler, file)
joblib.dump(scaler, "scaler.joblib")
