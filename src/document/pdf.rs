//! Set pages → PDF files: compressed pages, shared font pieces, fixed dates and ids.
//!
//! printpdf turns the drawing operations of a page into its content stream; the file around the
//! streams is put together with lopdf, because fonts, dates and `/ID` must be the same on every
//! try and one batch must carry each font piece once.

pub(super) use super::archive::About;
use super::archive::{self, deflate};
use super::cut::Cut;
use super::error::PrintError;
use super::face::CutId;
use super::fonts::Fonts;
use super::logo::Logo;
use super::sheet::Sheet;
use crate::domain::frozen::Paper;
use lopdf::{Dictionary, Document, Object, Stream, StringFormat, dictionary};
use printpdf::{Mm, PdfDocument, PdfPage, PdfSaveOptions};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Width and height of a paper in points.
pub(super) fn size(paper: Paper) -> (f32, f32) {
    match paper {
        Paper::A4 => (595.28, 841.89),
        Paper::Letter => (612.0, 792.0),
    }
}

/// One finished page.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// Deflated content stream.
    content: Vec<u8>,
    used: BTreeSet<CutId>,
    logo: bool,
}

/// The pages of one document with the fonts cut for it.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub pages: Vec<Page>,
    pub own: Vec<(CutId, Cut)>,
    pub logo: Option<Arc<Logo>>,
    pub paper: Paper,
}

/// Finishes the sheets of one document.
pub(super) fn bind(
    sheets: Vec<Sheet>,
    paper: Paper,
    own: Vec<(CutId, Cut)>,
    logo: Option<Arc<Logo>>,
) -> Result<Bound, PrintError> {
    let mut model = PdfDocument::new("");
    let mut used = Vec::with_capacity(sheets.len());
    for sheet in sheets {
        used.push((sheet.used, sheet.logo));
        model.pages.push(PdfPage::new(Mm(210.0), Mm(297.0), sheet.ops));
    }
    // `secure` drops operators printpdf has no name for; ours are the glyph codes.
    let options = PdfSaveOptions {
        optimize: false,
        subset_fonts: false,
        secure: false,
        image_optimization: None,
    };
    let set = model.to_lopdf_document(&options, &mut Vec::new());
    let mut pages = Vec::with_capacity(used.len());
    for (id, (used, logo)) in set.get_pages().into_values().zip(used) {
        let content = set.get_page_content(id);
        pages.push(Page { content: deflate(&content).map_err(PrintError::Fonts)?, used, logo });
    }
    Ok(Bound { pages, own, logo, paper })
}

/// An empty page.
pub(super) fn empty(paper: Paper) -> Bound {
    let content = deflate(&[]).unwrap_or_default();
    let page = Page { content, used: BTreeSet::new(), logo: false };
    Bound { pages: vec![page], own: Vec::new(), logo: None, paper }
}

/// Writes one file from the pages of one or many documents. With an electronic invoice in it, it is a
/// PDF/A-3 (see [`super::archive`]).
pub(super) fn file(
    fonts: &Fonts,
    parts: &[&Bound],
    about: &About,
    invoice: Option<&[u8]>,
) -> Vec<u8> {
    let mut doc = Document::with_version("1.7");
    let tree = doc.new_object_id();
    let mut shared: BTreeMap<u8, Object> = BTreeMap::new();
    let mut logos: BTreeMap<&str, Object> = BTreeMap::new();
    let mut kids = Vec::new();
    let mut digest = Sha256::new();
    for part in parts {
        let own: Vec<_> = part.own.iter().map(|(id, cut)| (*id, cut.embed(&mut doc))).collect();
        let (width, height) = size(part.paper);
        for page in &part.pages {
            let mut resources = Dictionary::new();
            for cut in &page.used {
                let reference = match cut {
                    CutId::Own | CutId::Script(_) => {
                        own.iter().find(|(id, _)| id == cut).map(|(_, made)| made.clone())
                    }
                    CutId::Shared(index) => shared.get(index).cloned().or_else(|| {
                        let made = fonts.shared(*index).map(|cut| cut.embed(&mut doc))?;
                        shared.insert(*index, made.clone());
                        Some(made)
                    }),
                };
                if let Some(reference) = reference {
                    resources.set(cut.resource(), reference);
                }
            }
            let mut all = dictionary! { "Font" => resources };
            if let Some(logo) = part.logo.as_ref().filter(|_| page.logo) {
                let picture = logos.entry(&logo.hash).or_insert_with(|| image(&mut doc, logo));
                all.set("XObject", dictionary! { "Logo" => picture.clone() });
                digest.update(logo.hash.as_bytes());
            }
            digest.update(&page.content);
            let packed = dictionary! { "Filter" => "FlateDecode" };
            let content = doc.add_object(Stream::new(packed, page.content.clone()));
            kids.push(Object::Reference(doc.add_object(dictionary! {
                "Type" => "Page",
                "Parent" => tree,
                "MediaBox" => vec![0.into(), 0.into(), width.into(), height.into()],
                "Resources" => all,
                "Contents" => content,
            })));
        }
    }
    let count = kids.len() as i64;
    doc.set_object(tree, dictionary! { "Type" => "Pages", "Count" => count, "Kids" => kids });
    finish(&mut doc, tree, about, (digest, invoice))
}

/// Adds the logo as an image.
fn image(doc: &mut Document, logo: &Logo) -> Object {
    let facts = dictionary! {
        "Type" => "XObject",
        "Subtype" => "Image",
        "Width" => i64::from(logo.width),
        "Height" => i64::from(logo.height),
        "ColorSpace" => "DeviceRGB",
        "BitsPerComponent" => 8,
        "Filter" => "FlateDecode",
    };
    Object::Reference(doc.add_object(Stream::new(facts, logo.pixels.clone())))
}

/// Adds catalog, information and id, and writes the file.
fn finish(
    doc: &mut Document,
    tree: lopdf::ObjectId,
    about: &About,
    (mut digest, invoice): (Sha256, Option<&[u8]>),
) -> Vec<u8> {
    let mut catalog = dictionary! {
        "Type" => "Catalog",
        "Pages" => tree,
        "Lang" => Object::string_literal("en"),
        "ViewerPreferences" => dictionary! { "DisplayDocTitle" => true },
    };
    if let Some(xml) = invoice {
        archive::hold(doc, &mut catalog, about, xml);
        digest.update(xml);
    }
    let catalog = doc.add_object(catalog);
    let date = about.date.format("D:%Y%m%d000000Z").to_string();
    let info = doc.add_object(dictionary! {
        "Title" => unicode(&about.title),
        "Author" => unicode(&about.author),
        "Producer" => Object::string_literal("daybook"),
        "CreationDate" => Object::string_literal(date.clone()),
        "ModDate" => Object::string_literal(date.clone()),
    });
    digest.update(about.title.as_bytes());
    digest.update(about.author.as_bytes());
    digest.update(date.as_bytes());
    let id = Object::String(digest.finalize()[..16].to_vec(), StringFormat::Hexadecimal);
    doc.trailer.set("Root", catalog);
    doc.trailer.set("Info", info);
    doc.trailer.set("ID", vec![id.clone(), id]);
    let mut out = Vec::with_capacity(64 * 1024);
    // Writing to memory cannot fail.
    let _ = doc.save_to(&mut out);
    out
}

/// A text string of the file's information: UTF-16 with its mark (ISO 32000-1, 7.9.2.2).
fn unicode(text: &str) -> Object {
    if text.is_ascii() {
        return Object::string_literal(text);
    }
    let mut bytes = vec![0xfe, 0xff];
    bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    Object::String(bytes, StringFormat::Hexadecimal)
}
