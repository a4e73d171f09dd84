//! Whatever is done to a document, the build has an answer.

use serde_json::{Value, json};

use super::{FILE, GOOD, REAL, output::assert_sound, real_document};
use crate::build::{self, rust_source};

/// A generator of numbers that gives the same ones in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a small bound");
        usize::try_from(self.next() % bound).expect("below the bound")
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// The addresses of all nodes, in the order of the document.
fn pointers(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        let mut inside = |key: &str, inner: &Value| {
            let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            walk(inner, &pointer, found);
            found.push(pointer);
        };
        match value {
            Value::Object(object) => object.iter().for_each(|(key, inner)| inside(key, inner)),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(index, inner)| inside(&index.to_string(), inner));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// Deletes a node, or puts another one or an odd value in its place, or renames it.
fn mutate(document: &mut Value, random: &mut Random) {
    let all = pointers(document);
    if all.is_empty() {
        return;
    }
    let pointer = random.pick(&all).clone();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let key = key.replace("~1", "/").replace("~0", "~");
    let odd = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1.5),
        json!(""),
        json!("Thing"),
        json!("string"),
        json!([]),
        json!({}),
        json!(["owner"]),
        json!({"$ref": "#/components/schemas/Part"}),
        json!({"type": "array", "items": {"type": "string"}}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}}),
    ];
    let other = random.pick(&all).clone();
    let other_key = other.rsplit('/').next().unwrap_or_default().replace("~1", "/");
    let replacement = match random.below(3) {
        0 => random.pick(&odd).clone(),
        1 => document.pointer(&other).cloned().unwrap_or_default(),
        _ => document.pointer(&pointer).cloned().unwrap_or_default(),
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(object)) => match random.below(4) {
            0 => drop(object.remove(&key)),
            1 => drop(object.insert(other_key, replacement)),
            _ => drop(object.insert(key, replacement)),
        },
        Some(Value::Array(list)) => match (random.below(3), key.parse::<usize>()) {
            (0, Ok(index)) => drop(list.remove(index)),
            (1, _) => list.push(replacement),
            (_, Ok(index)) => list[index] = replacement,
            _ => {}
        },
        _ => {}
    }
}

fn assert_mutants_are_taken_or_refused(name: &str, document: &Value, count: u64) {
    for seed in 1..=count {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut mutant = document.clone();
        for _ in 0..=random.below(3) {
            mutate(&mut mutant, &mut random);
        }
        let text = mutant.to_string();
        match rust_source(name, "things", &text) {
            Ok(source) => assert_sound(&source),
            Err(found) => {
                let message = found.to_string();
                assert!(!message.contains("panicked"), "{message}\n{text}");
                assert!(message.starts_with(name), "{message}\n{text}");
                assert!(!message.contains("[rule generator]"), "no rule knows this: {message}\n{text}");
            }
        }
    }
}

#[test]
fn whatever_is_done_to_a_document_it_is_taken_or_refused_with_a_message() {
    let document = build::parse(FILE, GOOD).unwrap_or_else(|found| panic!("{found}"));
    assert_mutants_are_taken_or_refused(FILE, &document, 1500);
}

#[test]
fn whatever_is_done_to_the_real_documents_they_are_taken_or_refused_with_a_message() {
    for (_, name) in REAL {
        let document = build::parse(name, &real_document(name)).unwrap_or_else(|found| panic!("{found}"));
        assert_mutants_are_taken_or_refused(name, &document, 25);
    }
}
