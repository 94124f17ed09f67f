from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from featpipe.errors import ConfigError
from models.evaluate import fit_folds
from models.folds import loso
from models.methods.cscm import BOTH, Config, build, loss
from models.registry import METHODS, make_config
from models.types import Batch, Shapes

SHAPES = Shapes({"eeg": (4, 5), "eye": (6,)}, n_classes=3, n_subjects=3)
PLAIN = Config(dropout=0.0)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    index = torch.arange(24)
    x = {
        name: torch.randn(24, *shape, generator=generator)
        for name, shape in SHAPES.features.items()
    }
    return Batch(x, index % 3, index // 8, index)


def gradients(config, batch, progress, term=None):
    """Return terms and gradients by parameter, of one term or of their sum."""
    torch.manual_seed(0)
    net = build(BOTH, SHAPES, config)
    terms = loss(net, batch, torch.tensor(progress)).terms
    total = terms[term] if term else torch.stack(list(terms.values())).sum()
    total.backward()
    return terms, {k: p.grad for k, p in net.named_parameters()}


def test_default_network_has_the_sizes_of_the_card():
    shapes = Shapes({"eeg": (62, 5), "eye": (33,)}, n_classes=3, n_subjects=8)
    net = build(BOTH, shapes, Config())
    n_parameters = {
        name: sum(p.numel() for p in module.parameters()) for name, module in net.named_children()
    }
    assert n_parameters == {
        "transform": 310 * 64 + 33 * 64 + 2 * 2 * 64,  # no bias in front of the normalisation
        "shallow": 64 * 128 + 128,
        "deep": 128 * 64 + 64 + 64 * 64 + 64,
        "emotion": 64 * 3 + 3,
        "modality": 128 * 64 + 64 + 64 * 2 + 2,
        "subject": 64 * 64 + 64 + 64 * 8 + 8,
    }


@pytest.mark.parametrize(
    ("name", "modules"),
    [
        ("mlp", {"transform", "shallow", "deep", "emotion"}),
        ("mlp_cross", {"transform", "shallow", "deep", "emotion"}),
        ("cscm_sm", {"transform", "shallow", "deep", "emotion", "subject"}),
        ("cscm", {"transform", "shallow", "deep", "emotion", "subject", "modality"}),
    ],
)
def test_switches(name, modules):
    method = METHODS[name]
    net = method.build(SHAPES, method.config)
    assert {child for child, _ in net.named_children()} == modules
    assert tuple(net.transform) == method.train_modalities


def test_terms_are_weighted_mean_cross_entropies_over_both_rows(batch):
    torch.manual_seed(0)
    net = build(BOTH, SHAPES, PLAIN)
    found = loss(net, batch, torch.tensor(0.3))
    emotion, modality, subject = [], [], []
    for i_modality, name in enumerate(BOTH):
        shallow = net.shallow(net.transform[name](batch.x[name].flatten(1)))
        deep = net.deep(shallow)
        emotion.append(F.cross_entropy(net.emotion(deep), batch.label))
        modality.append(F.cross_entropy(net.modality(shallow), torch.full((24,), i_modality)))
        subject.append(F.cross_entropy(net.subject(deep), batch.subject))
    for name, parts, weight in (
        ("emotion", emotion, 1.0),
        ("modality", modality, 0.1),
        ("subject", subject, 0.1),
    ):
        torch.testing.assert_close(found.terms[name], weight * (parts[0] + parts[1]) / 2)
    assert set(found.diagnostics) == {"emotion_accuracy", "modality_accuracy", "subject_accuracy"}


def test_reversals_act_where_the_paper_puts_them(batch):
    """The modality gradient ends at E_s; below the reversal it is the plain one times -lambda."""
    strength = 0.7615941  # lambda at p = 0.2
    _, modality = gradients(PLAIN, batch, 0.2, "modality")
    _, subject = gradients(PLAIN, batch, 0.2, "subject")
    assert all(modality[key] is None for key in modality if key.startswith(("deep", "emotion")))
    assert all(subject[key] is None for key in subject if key.startswith(("modality", "emotion")))
    torch.manual_seed(0)
    net = build(BOTH, SHAPES, PLAIN)
    rows = torch.cat([net.transform[name](batch.x[name].flatten(1)) for name in BOTH])
    plain = F.cross_entropy(net.subject(net.deep(net.shallow(rows))), batch.subject.repeat(2))
    (0.1 * plain).backward()
    for key, parameter in net.named_parameters():
        if key.startswith(("modality", "emotion")):
            continue
        sign = 1.0 if key.startswith("subject") else -strength
        torch.testing.assert_close(subject[key], sign * parameter.grad, atol=1e-7, rtol=1e-4)


def test_no_reversed_gradient_at_the_start(batch):
    _, subject = gradients(PLAIN, batch, 0.0, "subject")
    assert not subject["shallow.0.0.weight"].any()
    assert subject["subject.0.weight"].any()


def test_grl_weight_moves_the_factor_from_the_adversary_to_the_reversal(batch):
    for term in ("modality", "subject"):
        on_loss = gradients(PLAIN, batch, 0.4, term)[1]
        on_grl = gradients(replace(PLAIN, grl_weight="grl"), batch, 0.4, term)[1]
        for key, grad in on_loss.items():
            if grad is not None:
                factor = 10.0 if key.startswith(term) else 1.0
                torch.testing.assert_close(on_grl[key], factor * grad, atol=1e-6, rtol=1e-4)


def test_adversary_against_a_single_modality_is_refused():
    with pytest.raises(ConfigError, match=r"modality_weight is 0\.1, but the method trains on eye"):
        METHODS["cscm_sm"].build(SHAPES, Config())


def test_diagnostics_reach_the_curves(windows):
    config = make_config("cscm", {"n_epochs": 3, "batch": 48})
    fitted = fit_folds(windows, "cscm", list(loso(windows.keys)), 0, config=config)
    kinds = fitted.curves.groupby("term")["kind"].unique().map(tuple).to_dict()
    terms = ("emotion", "modality", "subject")
    assert kinds == {
        **dict.fromkeys(terms, ("loss",)),
        **dict.fromkeys((f"{term}_accuracy" for term in terms), ("diagnostic",)),
    }
    assert len(fitted.curves) == 6 * 3 * 4  # terms, epochs, folds
    accuracy = fitted.curves.query("term == 'emotion_accuracy'")
    assert accuracy["value"].between(0, 1).all()
