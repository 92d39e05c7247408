//! Writing elements, and an element tree to read them back from.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use quick_xml::{Writer, XmlVersion};
use std::borrow::Cow;

/// Elements in the making. Writing to memory cannot fail.
pub(super) struct Xml {
    out: Writer<Vec<u8>>,
    open: Vec<&'static str>,
}

impl Xml {
    /// Begins with the root and its namespaces.
    pub(super) fn begin(root: &'static str, spaces: &[(&str, &str)]) -> Self {
        let mut out = Writer::new(Vec::with_capacity(8 * 1024));
        let _ = out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let mut start = BytesStart::new(root);
        for (prefix, space) in spaces {
            start.push_attribute((*prefix, *space));
        }
        let _ = out.write_event(Event::Start(start));
        Self { out, open: vec![root] }
    }

    /// An element with elements in it.
    pub(super) fn within(&mut self, name: &'static str, inside: impl FnOnce(&mut Self)) {
        let _ = self.out.write_event(Event::Start(BytesStart::new(name)));
        self.open.push(name);
        inside(self);
        self.close();
    }

    fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            let _ = self.out.write_event(Event::End(BytesEnd::new(name)));
        }
    }

    /// An element with text in it.
    pub(super) fn text(&mut self, name: &'static str, text: &str) {
        self.text_of(name, &[], text);
    }

    /// The same where there is any.
    pub(super) fn some(&mut self, name: &'static str, text: &str) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }

    /// An element with attributes and text; an attribute that is empty is left out.
    pub(super) fn text_of(&mut self, name: &'static str, attrs: &[(&str, &str)], text: &str) {
        let mut start = BytesStart::new(name);
        for (key, value) in attrs.iter().filter(|(_, value)| !value.is_empty()) {
            start.push_attribute((*key, *value));
        }
        let _ = self.out.write_event(Event::Start(start));
        let _ = self.out.write_event(Event::Text(BytesText::new(&plain(text))));
        let _ = self.out.write_event(Event::End(BytesEnd::new(name)));
    }

    /// The whole.
    pub(super) fn end(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.close();
        }
        self.out.into_inner()
    }
}

/// Without what XML 1.0 has no place for.
fn plain(text: &str) -> Cow<'_, str> {
    let bad = |c: char| {
        (c < ' ' && c != '\t' && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{7f}')
    };
    if text.contains(bad) {
        text.chars().filter(|c| !bad(*c)).collect::<String>().into()
    } else {
        text.into()
    }
}

/// Why a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No XML, or what no invoice may hold: a document type, an entity of its own, an instruction.
    #[error("it is no XML that an invoice may be: {0}")]
    Xml(String),
    /// An element that is not expected where it stands.
    #[error("{0} is not expected in {1}")]
    Unexpected(String, String),
    /// An element that is not there.
    #[error("{0} has no {1}")]
    Missing(String, String),
    /// A value that says nothing.
    #[error("{0} cannot be {1:?}")]
    Value(String, String),
}

/// An element: its prefix as it is usual for its namespace, its name, attributes, text, and what is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub name: String,
    pub attrs: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Node>,
}

/// The namespaces of invoices and the prefixes they are read by.
const SPACES: &[(&str, &str)] = &[
    ("urn:oasis:names:specification:ubl:schema:xsd:Invoice-2", ""),
    ("urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2", ""),
    ("urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2", "cac:"),
    ("urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2", "cbc:"),
    ("urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100", "rsm:"),
    ("urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100", "ram:"),
    ("urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100", "udt:"),
    ("urn:un:unece:uncefact:data:standard:QualifiedDataType:100", "qdt:"),
];

/// Elements within one another at most.
const DEEPEST: usize = 30;

impl Node {
    /// Reads a whole document.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ReadError> {
        let broken = |e: &dyn std::fmt::Display| ReadError::Xml(e.to_string());
        let text = std::str::from_utf8(bytes).map_err(|e| broken(&e))?;
        let mut reader = NsReader::from_str(text);
        let mut stack: Vec<Self> = Vec::new();
        loop {
            let (space, event) = reader.read_resolved_event().map_err(|e| broken(&e))?;
            match event {
                Event::Start(start) => {
                    if stack.len() > DEEPEST {
                        return Err(ReadError::Xml("it is nested too deep".to_owned()));
                    }
                    let name = named(&space, start.local_name().as_ref())?;
                    stack.push(Self { name, attrs: attrs(&start)?, ..Self::default() });
                }
                Event::Empty(start) => {
                    let name = named(&space, start.local_name().as_ref())?;
                    let node = Self { name, attrs: attrs(&start)?, ..Self::default() };
                    match stack.last_mut() {
                        Some(parent) => parent.children.push(node),
                        None => return Ok(node),
                    }
                }
                Event::End(_) => {
                    let Some(node) = stack.pop() else {
                        return Err(ReadError::Xml("an element ends that never began".to_owned()));
                    };
                    match stack.last_mut() {
                        Some(parent) => parent.children.push(node),
                        None => return Ok(node),
                    }
                }
                Event::Text(words) => {
                    if let Some(node) = stack.last_mut() {
                        node.text.push_str(&words);
                    }
                }
                Event::GeneralRef(entity) => {
                    let name: &str = &entity;
                    let meant = match entity.resolve_char_ref().map_err(|e| broken(&e))? {
                        Some(c) => c.to_string(),
                        None => resolve_predefined_entity(name)
                            .ok_or_else(|| ReadError::Xml(format!("the entity {name}")))?
                            .to_owned(),
                    };
                    if let Some(node) = stack.last_mut() {
                        node.text.push_str(&meant);
                    }
                }
                Event::Decl(_) | Event::Comment(_) => {}
                Event::CData(_) | Event::PI(_) | Event::DocType(_) => {
                    return Err(ReadError::Xml(
                        "a document type, an instruction or raw data".to_owned(),
                    ));
                }
                Event::Eof => return Err(ReadError::Xml("it ends too early".to_owned())),
            }
        }
    }

    /// Takes the first element of a name out.
    pub(super) fn take(&mut self, name: &str) -> Option<Self> {
        let at = self.children.iter().position(|child| child.name == name)?;
        Some(self.children.remove(at))
    }

    /// The same; it must be there.
    pub(super) fn need(&mut self, name: &str) -> Result<Self, ReadError> {
        self.take(name).ok_or_else(|| ReadError::Missing(self.name.clone(), name.to_owned()))
    }

    /// Takes every element of a name out.
    pub(super) fn all(&mut self, name: &str) -> Vec<Self> {
        let (taken, left) =
            std::mem::take(&mut self.children).into_iter().partition(|child| child.name == name);
        self.children = left;
        taken
    }

    /// The text of an element of a name, which is taken out; empty where there is none.
    pub(super) fn said(&mut self, name: &str) -> Result<String, ReadError> {
        match self.take(name) {
            Some(node) => node.leaf(),
            None => Ok(String::new()),
        }
    }

    /// The text of an element that must be there.
    pub(super) fn must(&mut self, name: &str) -> Result<String, ReadError> {
        self.need(name)?.leaf()
    }

    /// The text of an element that has none in it.
    pub(super) fn leaf(self) -> Result<String, ReadError> {
        self.done()?;
        Ok(self.text)
    }

    /// An attribute; empty where it has none.
    pub(super) fn attr(&self, key: &str) -> String {
        let found = self.attrs.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// Refuses what was not taken out.
    pub(super) fn done(&self) -> Result<(), ReadError> {
        match self.children.first() {
            Some(child) => Err(ReadError::Unexpected(child.name.clone(), self.name.clone())),
            None => Ok(()),
        }
    }
}

fn named(space: &ResolveResult<'_>, local: &str) -> Result<String, ReadError> {
    let known = match space {
        ResolveResult::Bound(Namespace(uri)) => {
            SPACES.iter().find(|(known, _)| *known == *uri).map(|(_, prefix)| prefix)
        }
        ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
    };
    let prefix =
        known.ok_or_else(|| ReadError::Xml(format!("{local} is of no known namespace")))?;
    Ok(format!("{prefix}{local}"))
}

fn attrs(start: &BytesStart<'_>) -> Result<Vec<(String, String)>, ReadError> {
    let mut out = Vec::new();
    for attr in start.attributes() {
        let attr = attr.map_err(|e| ReadError::Xml(e.to_string()))?;
        let key = attr.key.as_ref().to_owned();
        if key.starts_with("xmlns") || key.starts_with("xsi:") {
            continue;
        }
        let value = attr
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|e| ReadError::Xml(e.to_string()))?;
        out.push((key, value.into_owned()));
    }
    Ok(out)
}
