//! Data flows one way, in imports too: no circle of files, and none of folders.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module: the names from the root of its crate to it.
type Module = Vec<String>;

/// Folders whose files are crates of their own.
const CRATES: [&str; 2] = ["bin", "python"];

/// The sources of the library and of the program, by module; `main` is the program's root.
struct Sources {
    texts: BTreeMap<Module, String>,
}

impl Sources {
    fn read() -> Self {
        let mut sources = Self {
            texts: BTreeMap::new(),
        };
        sources.add(Path::new("src"), &[]);
        sources
    }

    fn add(&mut self, folder: &Path, module: &[String]) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let own = [module, std::slice::from_ref(&name)].concat();
            if path.is_dir() && !CRATES.contains(&name.as_str()) {
                self.add(&path, &own);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let own = match name.as_str() {
                    "mod" | "lib" => module.to_vec(),
                    _ => own,
                };
                let text = fs::read_to_string(path).unwrap();
                self.texts.insert(own, without_tests(&text));
            }
        }
    }

    /// The module that a path from the root leads to, through whatever passes it on.
    fn resolve(&self, path: &[String]) -> Option<Module> {
        let length = (0..=path.len())
            .rev()
            .find(|&length| self.texts.contains_key(&path[..length]))?;
        let (module, rest) = path.split_at(length);
        let Some(name) = rest.first() else {
            return Some(module.to_vec());
        };
        let passed_on = imports(&self.texts[module], module)
            .into_iter()
            .filter(|import| import.is_public && import.path != path)
            .find(|import| import.path.last() == Some(name));
        match passed_on {
            Some(import) => self.resolve(&import.path),
            None => Some(module.to_vec()),
        }
    }

    /// Which module uses which other. What a module only passes on is its contents.
    fn uses(&self) -> BTreeSet<(Module, Module)> {
        let mut uses = BTreeSet::new();
        for (module, text) in &self.texts {
            let imports = imports(text, module).into_iter();
            for import in imports.filter(|import| !import.is_public) {
                if let Some(used) = self.resolve(&import.path)
                    && used != *module
                {
                    uses.insert((module.clone(), used));
                }
            }
        }
        uses
    }
}

/// The text in front of the unit tests, without comments and without what stands in quotes.
fn without_tests(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut code = String::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default();
        let outside = line.split('"').step_by(2);
        code.extend(outside.chain(["\n"]));
    }
    code
}

/// A path that a module names, from the root of its crate.
struct Import {
    path: Vec<String>,
    /// Whether it is a `use` that others can see.
    is_public: bool,
}

/// All that a module imports, and the paths to its own crate within its code.
fn imports(text: &str, module: &[String]) -> Vec<Import> {
    let mut imports = Vec::new();
    for statement in text.split(';') {
        let (before, tree) = statement.split_once("use ").unwrap_or((statement, ""));
        let visibility = before.lines().last().unwrap_or_default().trim();
        let is_use = ["", "pub", "pub(crate)", "pub(super)"].contains(&visibility);
        if tree.is_empty() || !is_use {
            imports.extend(inline_paths(statement, module));
            continue;
        }
        imports.extend(inline_paths(before, module));
        let mut leaves = Vec::new();
        expand(&without_aliases(tree), &[], &mut leaves);
        imports.extend(leaves.into_iter().filter_map(|leaf| {
            let path = absolute(&leaf, module)?;
            let is_public = visibility.starts_with("pub");
            Some(Import { path, is_public })
        }));
    }
    imports
}

/// A tree of imports without white space, and each name as it is where it comes from.
fn without_aliases(tree: &str) -> String {
    let names = tree.split(',').map(|name| {
        let (original, alias) = name.split_once(" as ").unwrap_or((name, ""));
        let ends = alias.matches('}').count();
        original.to_owned() + &"}".repeat(ends)
    });
    let tree = names.collect::<Vec<_>>().join(",");
    tree.replace(char::is_whitespace, "")
}

/// The paths of a tree of imports, `a::{b, c::d}`.
fn expand(tree: &str, prefix: &[String], leaves: &mut Vec<Vec<String>>) {
    let Some((head, group)) = tree.split_once('{') else {
        let names: Vec<String> = tree.split("::").map(str::to_owned).collect();
        leaves.push([prefix, &names].concat());
        return;
    };
    let head = head.split("::").filter(|name| !name.is_empty());
    let prefix = [prefix, &head.map(str::to_owned).collect::<Vec<_>>()].concat();
    let group = group.strip_suffix('}').unwrap_or(group);
    let (mut depth, mut start) = (0, 0);
    for (position, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&group[start..position], &prefix, leaves);
                start = position + 1;
            }
            _ => {}
        }
    }
    if start < group.len() {
        expand(&group[start..], &prefix, leaves);
    }
}

/// Paths such as `crate::error::Error` in the midst of code.
fn inline_paths(code: &str, module: &[String]) -> Vec<Import> {
    let starts = ["crate::", "super::"];
    let starts = starts.iter().flat_map(|start| code.match_indices(start));
    starts
        .filter(|(position, _)| !code[..*position].ends_with([':', '_']))
        .filter_map(|(position, _)| {
            let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let end = code[position..].find(|c| !is_path(c));
            let path = &code[position..][..end.unwrap_or(code.len() - position)];
            let path: Vec<String> = path.split("::").map(str::to_owned).collect();
            Some(Import {
                path: absolute(&path, module)?,
                is_public: false,
            })
        })
        .collect()
}

/// A path from the root; nothing for one into another crate. A folder's own module may name its
/// children directly.
fn absolute(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let up = path.iter().take_while(|name| *name == "super").count();
    let root = match path.first().map(String::as_str) {
        Some("crate") => return Some(path[1..].to_vec()),
        Some("self") => return Some([module, &path[1..]].concat()),
        _ if up > 0 => module.get(..module.len().checked_sub(up)?)?,
        _ => module,
    };
    Some([root, &path[up..]].concat())
}

/// A way along the edges from a node back to it.
fn circle<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    fn visit<'a>(
        node: &'a str,
        edges: &BTreeMap<&'a str, BTreeSet<&'a str>>,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<&'a str>> {
        if let Some(start) = way.iter().position(|other| *other == node) {
            return Some([&way[start..], &[node]].concat());
        }
        if !done.insert(node) {
            return None;
        }
        way.push(node);
        let next = edges.get(node).into_iter().flatten();
        let found = next.copied().find_map(|next| visit(next, edges, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    let mut nodes = edges.keys().copied();
    nodes.find_map(|node| visit(node, edges, &mut Vec::new(), &mut done))
}

/// Within each folder: which file or folder of it uses which other. A folder's own module is `mod`.
fn uses_by_folder(
    uses: &BTreeSet<(Module, Module)>,
) -> BTreeMap<&[String], BTreeMap<&str, BTreeSet<&str>>> {
    let mut folders: BTreeMap<&[String], BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for (user, used) in uses {
        let common = user.iter().zip(used).take_while(|(a, b)| a == b).count();
        let user_name = user.get(common).map_or("mod", String::as_str);
        let used_name = used.get(common).map_or("mod", String::as_str);
        let folder = folders.entry(&user[..common]).or_default();
        folder.entry(user_name).or_default().insert(used_name);
    }
    folders
}

#[test]
fn no_file_and_no_folder_uses_what_uses_it() {
    let sources = Sources::read();
    let uses = sources.uses();
    assert!(uses.len() > 300, "only {} imports were found", uses.len());
    for (folder, edges) in uses_by_folder(&uses) {
        if let Some(circle) = circle(&edges) {
            panic!("src/{}: {}", folder.join("/"), circle.join(" -> "));
        }
    }
}

/// The rooms of the library: each uses only those before it.
const ROOMS: [&str; 21] = [
    "schema", "error", "cancel", "guard", "cloud", "codes", "source", "table", "describe",
    "encode", "tree", "ensemble", "model", "onnx", "metrics", "score", "store", "train", "predict",
    "evaluate", "generate",
];

/// What a room knows nothing of, although it stands above.
const SEPARATE: [(&str, &[&str]); 4] = [
    ("tree", &["source", "table", "encode"]),
    ("metrics", &["source", "table", "encode", "tree", "model"]),
    ("store", &["table", "encode", "tree", "score"]),
    ("codes", &["error", "cancel", "guard"]),
];

#[test]
fn a_room_uses_only_those_before_it() {
    let place = |room: &str| ROOMS.iter().position(|other| *other == room);
    for (user, used) in Sources::read().uses() {
        let [user_room, used_room] = [&user, &used].map(|module| module.first());
        let (Some(user_room), Some(used_room)) = (user_room, used_room) else {
            continue;
        };
        let (Some(user_place), Some(used_place)) = (place(user_room), place(used_room)) else {
            continue;
        };
        assert!(used_place <= user_place, "{user:?} uses {used:?}");
        let separate = SEPARATE.iter().filter(|(room, _)| room == user_room);
        for (_, others) in separate {
            assert!(
                !others.contains(&used_room.as_str()),
                "{user:?} uses {used:?}"
            );
        }
    }
}

#[test]
fn circles_are_found() {
    let edges = |pairs: &[(&'static str, &'static str)]| {
        let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (user, used) in pairs {
            edges.entry(user).or_default().insert(used);
        }
        edges
    };
    assert_eq!(circle(&edges(&[("a", "b"), ("a", "c"), ("b", "c")])), None);
    let found = circle(&edges(&[("a", "b"), ("b", "c"), ("c", "b")]));
    assert_eq!(found, Some(vec!["b", "c", "b"]));
}

#[test]
fn imports_are_read_from_groups_code_and_what_is_passed_on() {
    let module = ["a".to_owned(), "b".to_owned()];
    let text = "use super::c::{D, e::{F, G as H}};\npub use self::h::I;\nfn f() { crate::j::k(2) }";
    let found: Vec<(String, bool)> = imports(text, &module)
        .into_iter()
        .map(|import| (import.path.join("::"), import.is_public))
        .collect();
    let expected = [
        ("a::c::D", false),
        ("a::c::e::F", false),
        ("a::c::e::G", false),
        ("a::b::h::I", true),
        ("j::k", false),
    ];
    assert_eq!(
        found,
        expected.map(|(path, public)| (path.to_owned(), public))
    );
}
