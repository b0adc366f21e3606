"""Proves that scripts/check-dependencies fails on each kind of violation: a small healthy workspace, broken in one way a test."""

import copy
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "check-dependencies"


def load():
    loader = SourceFileLoader("check_dependencies", str(SCRIPT))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


check = load()
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"


def package(name, licence="MIT", source=REGISTRY, version="1.0.0"):
    return {"id": f"{name}@{version}", "name": name, "version": version, "license": licence, "source": source,
            "dependencies": []}


class Workspace:
    """Builds what `cargo metadata` would print."""

    def __init__(self):
        self.packages, self.deps, self.features, self.members = {}, {}, {}, []

    def crate(self, name, *uses):
        self.add(package(f"enlace-{name}", "AGPL-3.0-or-later", None), *uses)
        self.members.append(f"enlace-{name}@1.0.0")

    def add(self, added, *uses):
        self.packages[added["id"]] = added
        self.deps[added["id"]] = []
        for used in uses:
            self.use(added["name"], used)

    def use(self, user, used, kind=None, version="1.0.0"):
        self.packages[f"{user}@1.0.0"]["dependencies"].append({"name": used, "kind": kind})
        self.deps[f"{user}@1.0.0"].append({"pkg": f"{used}@{version}", "dep_kinds": [{"kind": kind}]})

    def metadata(self):
        nodes = [{"id": i, "deps": d, "features": self.features.get(i, [])} for i, d in self.deps.items()]
        return copy.deepcopy({"packages": list(self.packages.values()), "workspace_members": self.members,
                              "resolve": {"nodes": nodes}})


def healthy():
    w = Workspace()
    w.add(package("serde", "MIT OR Apache-2.0"))
    w.add(package("sqlx"))
    w.add(package("wacore-noise"))
    w.add(package("wacore"), "wacore-noise")
    w.add(package("whatsapp-rust"), "wacore-noise")
    w.crate("domain", "serde")
    w.crate("engine", "enlace-domain", "whatsapp-rust")
    w.crate("store-sqlite", "enlace-domain", "sqlx")
    w.crate("sessions", "enlace-domain")
    w.crate("testkit", "enlace-domain", "wacore")
    w.crate("gateway", "enlace-domain", "enlace-engine", "enlace-sessions", "enlace-store-sqlite")
    return w


class CheckDependencies(unittest.TestCase):
    def found(self, workspace, tree="", root=None):
        return "\n".join(check.violations(workspace.metadata(), tree, root))

    def refused(self, workspace, *words, tree="", root=None):
        found = self.found(workspace, tree, root)
        for word in words:
            self.assertIn(word, found)

    def test_a_healthy_workspace_passes(self):
        self.assertEqual(self.found(healthy()), "")

    def test_a_crate_that_crosses_a_wall(self):
        w = healthy()
        w.use("enlace-sessions", "enlace-engine")
        self.refused(w, "crate sessions: uses engine", "crate sessions: reaches whatsapp-rust")

    def test_the_testkit_in_the_product(self):
        w = healthy()
        w.use("enlace-gateway", "enlace-testkit")
        self.refused(w, "crate gateway: uses testkit in the product")

    def test_the_testkit_in_tests_is_fine(self):
        w = healthy()
        w.use("enlace-gateway", "enlace-testkit", kind="dev")
        self.assertEqual(self.found(w), "")

    def test_a_crate_without_a_wall(self):
        w = healthy()
        w.crate("utils")
        self.refused(w, "crate utils: not in the table of walls")

    def test_whatsapp_rust_outside_the_engine_even_in_tests(self):
        w = healthy()
        w.use("enlace-sessions", "whatsapp-rust", kind="dev")
        self.refused(w, "crate sessions: names whatsapp-rust")

    def test_the_testkit_names_the_key_store_traits_and_no_more_of_the_protocol(self):
        for stranger in ("wacore-noise", "waproto", "whatsapp-rust"):
            w = healthy()
            w.add(package("waproto"))
            w.use("enlace-testkit", stranger)
            self.refused(w, f"crate testkit: names {stranger}")

    def test_the_key_store_traits_through_the_testkit_stay_in_tests(self):
        w = healthy()
        w.use("enlace-sessions", "enlace-testkit", kind="dev")
        self.assertEqual(self.found(w), "")
        w.use("enlace-sessions", "enlace-testkit")
        self.refused(w, "crate sessions: uses testkit in the product", "crate sessions: reaches wacore")

    def test_wacore_in_a_crate_without_protocol(self):
        w = healthy()
        w.use("enlace-sessions", "wacore", kind="dev")
        self.refused(w, "crate sessions: names wacore")

    def test_sqlx_through_another_package(self):
        w = healthy()
        w.add(package("innocent"), "sqlx")
        w.use("enlace-sessions", "innocent")
        self.refused(w, "crate sessions: reaches sqlx")

    def test_io_in_the_domain(self):
        w = healthy()
        w.add(package("tokio"))
        w.use("enlace-domain", "tokio")
        self.refused(w, "crate domain: names tokio", "crate domain: reaches tokio")

    def test_a_danger_feature(self):
        w = healthy()
        w.features["wacore-noise@1.0.0"] = ["danger-skip-cert-chain-verify"]
        self.refused(w, "wacore-noise: feature danger-skip-cert-chain-verify")

    def test_a_danger_feature_in_the_feature_tree(self):
        self.refused(healthy(), "danger-skip", tree='wacore-noise feature "danger-skip-cert-chain-verify"')

    def test_a_banned_package(self):
        w = healthy()
        w.add(package("openssl-sys"))
        self.refused(w, "openssl-sys: banned")

    def test_two_versions_of_what_may_exist_once(self):
        w = healthy()
        w.add(package("ring"))
        w.add(package("ring", version="2.0.0"))
        self.refused(w, "package ring")

    def test_a_package_from_a_git_repository(self):
        w = healthy()
        w.add(package("fork", source="git+https://example.org/fork"))
        self.refused(w, "only the public registry")

    def test_licences_that_are_not_on_the_list(self):
        for licence in ("GPL-2.0-only", "MIT AND GPL-2.0-only", "GPL-2.0-only OR (MIT AND SSPL-1.0)", None):
            w = healthy()
            w.add(package("stranger", licence))
            self.refused(w, "package stranger")

    def test_licences_that_are(self):
        for licence in ("MIT/Apache-2.0", "GPL-2.0-only OR MIT", "(MIT OR GPL-2.0-only) AND Unicode-3.0",
                        "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only"):
            w = healthy()
            w.add(package("friend", licence))
            self.assertEqual(self.found(w), "", licence)

    def test_a_misstated_licence_whose_statement_changed(self):
        w = healthy()
        w.add(package("wacore-libsignal", "Apache-2.0"))
        self.refused(w, "wacore-libsignal: states Apache-2.0 now")

    def test_a_danger_feature_named_in_a_manifest(self):
        with tempfile.TemporaryDirectory() as root:
            crate = Path(root, "crates", "engine")
            crate.mkdir(parents=True)
            (crate / "Cargo.toml").write_text('# danger-* is banned\n[features]\nxx = ["wacore/danger-skip"]\n')
            Path(root, "Cargo.toml").write_text("[workspace]\n")
            self.refused(healthy(), "crates/engine/Cargo.toml:3: names a danger-* feature", root=Path(root))
            self.assertNotIn(":1:", self.found(healthy(), root=Path(root)))

    def test_sql_outside_the_stores(self):
        with tempfile.TemporaryDirectory() as root:
            for crate in ("web", "store-sqlite"):
                source = Path(root, "crates", crate, "src")
                source.mkdir(parents=True)
                (source / "list.rs").write_text('let q = "SELECT id FROM sessions";\n')
            self.refused(healthy(), "crates/web/src/list.rs:1: SQL", root=Path(root))
            self.assertNotIn("store-sqlite", self.found(healthy(), root=Path(root)))


if __name__ == "__main__":
    unittest.main()
