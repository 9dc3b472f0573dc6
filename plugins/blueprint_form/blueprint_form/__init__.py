"""Forms as a crowdcore blueprint: sections, fields, validators, triggers, tokens."""
