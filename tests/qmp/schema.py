# SPDX-License-Identifier: GPL-2.0-or-later
"""What query-qmp-schema says: whether it is consistent, and whether a value is what it says."""

META_MEMBERS = {
    "builtin": ({"json-type"}, set()),
    "enum": ({"members", "values"}, set()),
    "array": ({"element-type"}, set()),
    "object": ({"members"}, {"tag", "variants"}),
    "alternate": ({"members"}, set()),
    "command": ({"arg-type", "ret-type"}, {"allow-oob", "features"}),
    "event": ({"arg-type"}, set()),
}
JSON_TYPES = {"string", "number", "int", "boolean", "null", "object", "array", "value"}


class Schema:
    def __init__(self, infos):
        self.infos = {info["name"]: info for info in infos}
        assert len(self.infos) == len(infos), "a name twice"
        for info in infos:
            self.check_info(info)

    def of_kind(self, meta):
        return [info for info in self.infos.values() if info["meta-type"] == meta]

    def type(self, name):
        assert name in self.infos, f"no type {name}"
        info = self.infos[name]
        assert info["meta-type"] not in ("command", "event"), f"{name} is no type"
        return info

    def check_info(self, info):
        needed, allowed = META_MEMBERS[info["meta-type"]]
        keys = set(info) - {"name", "meta-type"}
        assert needed <= keys <= needed | allowed, f"members of {info}"
        for key in ("arg-type", "ret-type", "element-type"):
            if key in info:
                self.type(info[key])
        if info["meta-type"] == "builtin":
            assert info["json-type"] in JSON_TYPES
        if info["meta-type"] in ("command", "event"):
            assert self.type(info["arg-type"])["meta-type"] == "object"
        if info["meta-type"] == "enum":
            assert info["values"] == [member["name"] for member in info["members"]]
        if info["meta-type"] in ("object", "alternate"):
            for member in info["members"]:
                self.type(member["type"])
        if "variants" in info:
            tag = next(member for member in info["members"] if member["name"] == info["tag"])
            cases = [variant["case"] for variant in info["variants"]]
            assert cases == self.type(tag["type"])["values"], f"cases of {info['name']}"
            for variant in info["variants"]:
                assert self.type(variant["type"])["meta-type"] == "object"

    def members(self, info, value):
        members = list(info["members"])
        for variant in info.get("variants", []):
            if value.get(info["tag"]) == variant["case"]:
                members += self.type(variant["type"])["members"]
        return members

    def check(self, name, value, where):
        """Raises unless value is a name."""
        info = self.type(name)
        meta = info["meta-type"]
        if meta == "builtin":
            kind = info["json-type"]
            good = {"string": isinstance(value, str), "boolean": isinstance(value, bool),
                    "int": isinstance(value, int) and not isinstance(value, bool),
                    "number": isinstance(value, (int, float)) and not isinstance(value, bool),
                    "value": True}[kind]
            assert good, f"{where}: {value!r} is no {name}"
        elif meta == "enum":
            assert value in info["values"], f"{where}: {value!r} is none of {name}"
        elif meta == "array":
            assert isinstance(value, list), f"{where}: {value!r} is no array"
            for number, element in enumerate(value):
                self.check(info["element-type"], element, f"{where}[{number}]")
        elif meta == "object":
            assert isinstance(value, dict), f"{where}: {value!r} is no object"
            members = {member["name"]: member for member in self.members(info, value)}
            assert set(value) <= set(members), f"{where}: {sorted(set(value) - set(members))} are not in {name}"
            for key, member in members.items():
                assert key in value or "default" in member, f"{where}: {key} of {name} is missing"
                if key in value:
                    self.check(member["type"], value[key], f"{where}.{key}")
        else:
            assert any(self.fits(member["type"], value, where) for member in info["members"]), where

    def fits(self, name, value, where):
        try:
            self.check(name, value, where)
            return True
        except AssertionError:
            return False

    def wrong_value(self, name):
        """Something that is no name, and what the error calls what it should be; None: everything is."""
        info = self.type(name)
        kind = info.get("json-type", info["meta-type"])
        return {"string": (1, "string"), "enum": (1, "string"), "boolean": ("x", "boolean"),
                "int": ("x", "integer"), "number": ("x", "number"), "array": (1, "array"),
                "object": (1, "object")}.get(kind)
