//! What makes a PDF an archive file with an electronic invoice in it: PDF/A-3 (ISO 19005-3, level B) and
//! Factur-X 1.0, the same as ZUGFeRD 2.

use chrono::NaiveDate;
use lopdf::{Dictionary, Document, Object, Stream, dictionary};
use std::io::Write;

/// What a file says about itself.
pub(super) struct About {
    pub title: String,
    pub author: String,
    pub date: NaiveDate,
}

/// Packs bytes as PDF streams have them (zlib).
pub(super) fn deflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let out = Vec::with_capacity(bytes.len() / 3);
    let mut encoder = flate2::write::ZlibEncoder::new(out, flate2::Compression::new(5));
    encoder.write_all(bytes).map_err(|e| e.to_string())?;
    encoder.finish().map_err(|e| e.to_string())
}

/// What the invoice is called in the file; readers look for this name.
const NAME: &str = "factur-x.xml";

/// Puts the invoice, the colours of the file and its description into a document and its catalog.
pub(super) fn hold(doc: &mut Document, catalog: &mut Dictionary, about: &About, xml: &[u8]) {
    let packed = |facts: Dictionary, bytes: &[u8]| match deflate(bytes) {
        Ok(small) => {
            let mut facts = facts;
            facts.set("Filter", "FlateDecode");
            Stream::new(facts, small)
        }
        Err(_) => Stream::new(facts, bytes.to_vec()),
    };
    let colours = doc.add_object(packed(dictionary! { "N" => 3 }, &profile()));
    let intent = doc.add_object(dictionary! {
        "Type" => "OutputIntent",
        "S" => "GTS_PDFA1",
        "OutputConditionIdentifier" => Object::string_literal("sRGB"),
        "Info" => Object::string_literal("sRGB"),
        "DestOutputProfile" => colours,
    });
    let day = about.date.format("D:%Y%m%d000000Z").to_string();
    let facts = dictionary! {
        "Type" => "EmbeddedFile",
        "Subtype" => Object::Name(b"text/xml".to_vec()),
        "Params" => dictionary! { "ModDate" => Object::string_literal(day), "Size" => xml.len() as i64 },
    };
    let invoice = doc.add_object(packed(facts, xml));
    let file = doc.add_object(dictionary! {
        "Type" => "Filespec",
        "F" => Object::string_literal(NAME),
        "UF" => Object::string_literal(NAME),
        "Desc" => Object::string_literal("Electronic invoice"),
        "AFRelationship" => "Alternative",
        "EF" => dictionary! { "F" => invoice, "UF" => invoice },
    });
    let facts = dictionary! { "Type" => "Metadata", "Subtype" => "XML" };
    let metadata = doc.add_object(Stream::new(facts, described(about).into_bytes()));
    catalog.set("OutputIntents", vec![Object::Reference(intent)]);
    catalog.set("Metadata", metadata);
    catalog.set("AF", vec![Object::Reference(file)]);
    let names = vec![Object::string_literal(NAME), Object::Reference(file)];
    catalog.set("Names", dictionary! { "EmbeddedFiles" => dictionary! { "Names" => names } });
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The description of the file (XMP): the same as its information says, and what it holds, with the words
/// that tell of it explained as PDF/A wants.
fn described(about: &About) -> String {
    let (title, author) = (escaped(&about.title), escaped(&about.author));
    let day = about.date.format("%Y-%m-%dT00:00:00Z");
    let property = |name: &str, words: &str| {
        format!(
            "<rdf:li rdf:parseType=\"Resource\"><pdfaProperty:name>{name}</pdfaProperty:name>\
             <pdfaProperty:valueType>Text</pdfaProperty:valueType>\
             <pdfaProperty:category>external</pdfaProperty:category>\
             <pdfaProperty:description>{words}</pdfaProperty:description></rdf:li>"
        )
    };
    let properties = [
        property("DocumentFileName", "name of the embedded invoice"),
        property("DocumentType", "INVOICE"),
        property("Version", "version of the standard"),
        property("ConformanceLevel", "profile of the invoice"),
    ]
    .concat();
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\">\
         <pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>\
         <rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\
         <dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">{title}</rdf:li></rdf:Alt></dc:title>\
         <dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator></rdf:Description>\
         <rdf:Description rdf:about=\"\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\">\
         <pdf:Producer>daybook</pdf:Producer></rdf:Description>\
         <rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\">\
         <xmp:CreateDate>{day}</xmp:CreateDate><xmp:ModifyDate>{day}</xmp:ModifyDate></rdf:Description>\
         <rdf:Description rdf:about=\"\" xmlns:pdfaExtension=\"http://www.aiim.org/pdfa/ns/extension/\" \
         xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" \
         xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\">\
         <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType=\"Resource\">\
         <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>\
         <pdfaSchema:namespaceURI>{FX}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>\
         <pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property>\
         </rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>\
         <rdf:Description rdf:about=\"\" xmlns:fx=\"{FX}\">\
         <fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>{NAME}</fx:DocumentFileName>\
         <fx:Version>1.0</fx:Version><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>\
         </rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>"
    )
}

/// The namespace of what a file says about the invoice in it.
const FX: &str = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#";

/// Steps of the curve of the profile.
const STEPS: usize = 1024;

/// A colour profile of sRGB (ICC.1:2001-04, IEC 61966-2-1): its primaries as the profile connection space
/// has them (adapted to D50), and its curve.
fn profile() -> Vec<u8> {
    let curve = |at: usize| {
        let x = at as f64 / (STEPS - 1) as f64;
        let linear = if x <= 0.040_45 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) };
        (linear * 65_535.0).round() as u16
    };
    let mut tone = b"curv\0\0\0\0".to_vec();
    tone.extend((STEPS as u32).to_be_bytes());
    (0..STEPS).for_each(|at| tone.extend(curve(at).to_be_bytes()));
    // Fixed point with sixteen binary places.
    let point = |of: [u32; 3]| {
        let mut out = b"XYZ \0\0\0\0".to_vec();
        of.iter().for_each(|part| out.extend(part.to_be_bytes()));
        out
    };
    let mut name = b"desc\0\0\0\0".to_vec();
    name.extend(5_u32.to_be_bytes());
    name.extend(b"sRGB\0");
    name.extend([0; 78]);
    let mut rights = b"text\0\0\0\0no rights reserved\0".to_vec();
    for part in [&mut name, &mut rights, &mut tone] {
        part.resize(part.len().next_multiple_of(4), 0);
    }
    let parts = [
        name,
        rights,
        point([0xf6d6, 0x1_0000, 0xd32d]),
        point([0x6fa2, 0x38f5, 0x0390]),
        point([0x6299, 0xb785, 0x18da]),
        point([0x24a0, 0x0f84, 0xb6cf]),
        tone,
    ];
    let tags: [(&[u8; 4], usize); 9] = [
        (b"desc", 0),
        (b"cprt", 1),
        (b"wtpt", 2),
        (b"rXYZ", 3),
        (b"gXYZ", 4),
        (b"bXYZ", 5),
        (b"rTRC", 6),
        (b"gTRC", 6),
        (b"bTRC", 6),
    ];
    let begins = 128 + 4 + 12 * tags.len();
    let place = |of: usize| begins + parts[..of].iter().map(Vec::len).sum::<usize>();
    let mut out = Vec::new();
    out.extend((place(parts.len()) as u32).to_be_bytes());
    out.extend([0, 0, 0, 0, 2, 0x10, 0, 0]);
    out.extend(b"mntrRGB XYZ ");
    // Made on a day, so that it is the same every time.
    [2026_u16, 1, 1, 0, 0, 0].iter().for_each(|part| out.extend(part.to_be_bytes()));
    out.extend(b"acsp");
    out.extend([0; 28]);
    [0xf6d6_u32, 0x1_0000, 0xd32d].iter().for_each(|part| out.extend(part.to_be_bytes()));
    out.resize(128, 0);
    out.extend((tags.len() as u32).to_be_bytes());
    for (tag, at) in tags {
        out.extend(tag);
        out.extend((place(at) as u32).to_be_bytes());
        out.extend((parts[at].len() as u32).to_be_bytes());
    }
    parts.iter().for_each(|part| out.extend(part));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_as_long_as_it_says_and_its_parts_lie_within() {
        let all = profile();
        let number = |at: usize| u32::from_be_bytes(all[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((number(0), &all[36..40], number(128)), (all.len(), &b"acsp"[..], 9));
        for tag in 0..9 {
            let at = 132 + 12 * tag;
            assert!(number(at + 4) % 4 == 0 && number(at + 4) + number(at + 8) <= all.len());
        }
    }
}
