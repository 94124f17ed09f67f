"""Distillation losses as their equations are printed, one pair, neuron or negative at a time."""

import numpy as np


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def smooth_l1(d):
    return 0.5 * d**2 if abs(d) < 1 else abs(d) - 0.5


def kd(z_s, z_t, temperature=4.0):
    total = 0.0
    for s, t in zip(z_s, z_t, strict=True):
        p_s, p_t = softmax(s / temperature), softmax(t / temperature)
        total += sum(p_t[c] * (np.log(p_t[c]) - np.log(p_s[c])) for c in range(len(s)))
    return temperature**2 * total / len(z_s)


def nst(f_s, f_t):
    """Mean kernel of two neurons of one side, twice, less twice that of one of each."""

    def mean_kernel(a, b):
        values = [(u / norm(u) @ (v / norm(v))) ** 2 for u in a.T for v in b.T]
        return np.mean(values)

    norm = np.linalg.norm
    return mean_kernel(f_s, f_s) + mean_kernel(f_t, f_t) - 2 * mean_kernel(f_s, f_t)


def sp(f_s, f_t):
    grams = [f @ f.T for f in (f_s, f_t)]
    total = 0.0
    for i in range(len(f_s)):
        s, t = (gram[i] / np.linalg.norm(gram[i]) for gram in grams)
        total += ((s - t) ** 2).sum()
    return total / len(f_s) ** 2


def rkd(f_s, f_t, of_distance=25.0, of_angle=50.0):
    n = len(f_s)

    def distances(f):
        d = np.array([[np.linalg.norm(f[i] - f[j]) for j in range(n)] for i in range(n)])
        return d / d[d > 0].mean()

    def cosine(f, i, j, k):
        a, b = f[i] - f[j], f[k] - f[j]
        return 0.0 if j in (i, k) else a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    apart = distances(f_s) - distances(f_t)
    total = of_distance * np.mean([smooth_l1(d) for d in apart.flat])
    triples = [(i, j, k) for i in range(n) for j in range(n) for k in range(n)]
    angles = [smooth_l1(cosine(f_s, *of) - cosine(f_t, *of)) for of in triples]
    return total + of_angle * np.mean(angles)


def pkt(f_s, f_t, eps=1e-7):
    n = len(f_s)

    def shares(f, i):
        cosines = [f[i] @ g / np.linalg.norm(f[i]) / np.linalg.norm(g) for g in f]
        return (np.array(cosines) + 1) / 2 / sum((c + 1) / 2 for c in cosines)

    total = 0.0
    for i in range(n):
        s, t = shares(f_s, i), shares(f_t, i)
        total += sum(t[j] * np.log((t[j] + eps) / (s[j] + eps)) for j in range(n))
    return total / n**2


def crd(scores, n_data, eps=1e-7):
    """The loss per anchor of one side; scores (batch, 1 + K) are exp(v . M / tau) / Z."""
    c = (scores.shape[1] - 1) / n_data
    values = []
    for e in scores:
        likelihood = np.log(e[0] / (e[0] + c + eps))
        for negative in e[1:]:
            likelihood += np.log(c / (negative + c + eps))
        values.append(-likelihood)
    return np.array(values)


def expected_crd(anchor, bank, own, row_label, label, K, tau, sign=None, weight=None):
    """One side of the relabelled loss, each window of another class a negative; (batch,)."""
    b = np.log(K) + 1 / (2 * bank.shape[1] * tau**2)
    values = []
    for i, v in enumerate(anchor):
        u = [v @ row / tau - b for row in bank]
        others = [j for j in range(len(bank)) if row_label[j] >= 0 and row_label[j] != label[i]]
        is_right = sign is None or sign[i] > 0
        value = np.log1p(np.exp(-u[own[i]] if is_right else u[own[i]]))
        value += sum(K / len(others) * np.log1p(np.exp(u[j])) for j in others)
        values.append(value * (1.0 if weight is None else weight[i]))
    return np.array(values)


def certainty(z):
    raw = []
    for row in z:
        p = softmax(row)
        raw.append(1 + np.exp(sum(p * np.log(p + 1e-5))))
    return len(z) * np.array(raw) / sum(raw)
