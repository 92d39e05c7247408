//! The elements of a camt message, one after the other: nothing but the part at hand is in memory.

use super::raw::BadFile;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use std::io::BufRead;

/// Elements within one another at most.
const DEEPEST: usize = 40;

/// An element with what is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub name: String,
    /// Attribute `Ccy`, the only one that says something.
    pub currency: String,
    pub text: String,
    pub children: Vec<Node>,
}

impl Node {
    /// The first element at a path of names.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.children.iter().find(|c| c.name == *name))
    }

    /// Every child of a name.
    pub fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Its text at the first of these paths that is there; empty = none.
    pub fn said(&self, paths: &[&[&str]]) -> String {
        let found = paths.iter().find_map(|path| self.at(path));
        found.map(|node| node.text.trim().to_owned()).unwrap_or_default()
    }
}

/// What comes next.
pub(super) enum Next {
    /// An element begins that is gone into.
    Open(String),
    /// A whole element.
    Node(Node),
    /// The innermost element that was gone into ends.
    Close,
    /// The document ends.
    End,
}

/// The messages that are read: `urn:iso:std:iso:20022:tech:xsd:camt.053.001.08`.
const SPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.05";

/// A message on its way through.
pub(super) struct Message<R> {
    reader: NsReader<R>,
    buf: Vec<u8>,
    open: usize,
    /// The namespace of the root, once it was met.
    pub space: String,
}

impl<R: BufRead> Message<R> {
    pub fn new(input: R) -> Self {
        let mut reader = NsReader::from_reader(input);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buf: Vec::new(), open: 0, space: String::new() }
    }

    fn broken(&self, why: impl std::fmt::Display) -> BadFile {
        BadFile::whole(
            format!("no sound XML at byte {}: {why}", self.reader.buffer_position()),
            "have the bank send the file again, as UTF-8",
        )
    }

    /// The next part; `into` names the elements that are gone into, all others are read whole.
    pub fn next(&mut self, into: &[&str]) -> Result<Next, BadFile> {
        let mut stack: Vec<Node> = Vec::new();
        loop {
            self.buf.clear();
            let mut buf = std::mem::take(&mut self.buf);
            let met = self.reader.read_resolved_event_into(&mut buf);
            let step = match met {
                Err(error) => Err(error.to_string()),
                Ok((space, event)) => step(&space, event, &mut self.space),
            };
            self.buf = buf;
            match step.map_err(|why| self.broken(why))? {
                Step::Begin(node) if stack.is_empty() && into.contains(&node.name.as_str()) => {
                    self.open += 1;
                    return Ok(Next::Open(node.name));
                }
                Step::Begin(node) => {
                    if stack.len() > DEEPEST {
                        return Err(self.broken("it is nested too deep"));
                    }
                    stack.push(node);
                }
                Step::Text(text) => {
                    if let Some(node) = stack.last_mut() {
                        node.text.push_str(&text);
                    }
                }
                Step::End => match stack.pop() {
                    None => {
                        self.open = self.open.saturating_sub(1);
                        return Ok(Next::Close);
                    }
                    Some(node) => match stack.last_mut() {
                        Some(parent) => parent.children.push(node),
                        None => return Ok(Next::Node(node)),
                    },
                },
                Step::Nothing => {}
                Step::Over if self.open == 0 && stack.is_empty() => return Ok(Next::End),
                Step::Over => {
                    let hint = "the file is cut off: fetch it from the bank again";
                    return Err(BadFile::whole("it ends too early", hint));
                }
            }
        }
    }
}

enum Step {
    Begin(Node),
    Text(String),
    End,
    Nothing,
    Over,
}

fn step(space: &ResolveResult<'_>, event: Event<'_>, root: &mut String) -> Result<Step, String> {
    Ok(match event {
        Event::Start(start) => {
            let name = start.local_name().as_ref().to_owned();
            let ResolveResult::Bound(Namespace(uri)) = space else {
                return Err(format!("{name} is of no namespace: it is no camt message"));
            };
            if root.is_empty() {
                if !uri.starts_with(SPACE) {
                    return Err(format!("{uri} is no camt message"));
                }
                root.push_str(uri);
            }
            let mut node = Node { name, ..Node::default() };
            for attr in start.attributes() {
                let attr = attr.map_err(|e| e.to_string())?;
                if attr.key.as_ref() == "Ccy" {
                    node.currency.push_str(attr.value.as_ref());
                }
            }
            Step::Begin(node)
        }
        Event::End(_) => Step::End,
        Event::Text(words) => Step::Text(words.to_string()),
        Event::CData(words) => Step::Text(words.to_string()),
        Event::GeneralRef(entity) => {
            let name: &str = &entity;
            match entity.resolve_char_ref().map_err(|e| e.to_string())? {
                Some(c) => Step::Text(c.to_string()),
                None => match resolve_predefined_entity(name) {
                    Some(text) => Step::Text(text.to_owned()),
                    None => return Err(format!("the entity {name} is not read")),
                },
            }
        }
        Event::DocType(_) => return Err("a document type is not read".to_owned()),
        Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Empty(_) => Step::Nothing,
        Event::Eof => Step::Over,
    })
}
