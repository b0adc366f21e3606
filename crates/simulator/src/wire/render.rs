//! A node as readable XML, for the trace.

use std::fmt::Write;

use wacore_binary::{Node, NodeContent};

/// Bytes that are shown as hex; of longer contents only the length is told.
const SHOWN_BYTES: usize = 16;

/// Renders a node on one line. Text is shown, bytes as hex up to 16 of them, else as their length.
pub(crate) fn render_xml(node: &Node) -> String {
    let mut out = String::new();
    write_node(node, &mut out);
    out
}

fn write_node(node: &Node, out: &mut String) {
    out.push('<');
    out.push_str(&node.tag);
    for (key, value) in node.attrs.iter() {
        out.push(' ');
        out.push_str(key);
        out.push_str("=\"");
        write_escaped(&value.as_str(), out);
        out.push('"');
    }
    let Some(content) = &node.content else {
        out.push_str("/>");
        return;
    };
    out.push('>');
    match content {
        NodeContent::Nodes(children) => children.iter().for_each(|child| write_node(child, out)),
        NodeContent::String(text) => write_escaped(text, out),
        NodeContent::Bytes(bytes) if bytes.len() <= SHOWN_BYTES => out.push_str(&hex::encode(bytes)),
        NodeContent::Bytes(bytes) => {
            write!(out, "[{} bytes]", bytes.len()).expect("a String takes everything");
        }
    }
    out.push_str("</");
    out.push_str(&node.tag);
    out.push('>');
}

fn write_escaped(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            control if control.is_control() => {
                write!(out, "&#{};", u32::from(control)).expect("a String takes everything");
            }
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::address::server_jid;
    use crate::wire::build::{bytes_element, element};

    #[test]
    fn a_node_reads_as_xml_and_long_bytes_as_their_length() {
        let node = element("iq")
            .attr("from", server_jid())
            .attr("name", "a\"<b>&\n")
            .children([
                bytes_element("id", [0, 1, 255]),
                bytes_element("value", [0; 32]),
                element("active").build(),
                element("body").string_content("x<y").build(),
            ])
            .build();
        assert_eq!(
            render_xml(&node),
            "<iq from=\"s.whatsapp.net\" name=\"a&quot;&lt;b&gt;&amp;&#10;\"><id>0001ff</id>\
             <value>[32 bytes]</value><active/><body>x&lt;y</body></iq>"
        );
    }
}
