//! A node as readable XML, for the trace.

use wacore_binary::Node;

/// Renders a node on one line. Text is shown, bytes as hex up to 16 of them, else as their length.
pub(crate) fn render_xml(node: &Node) -> String {
    let _ = node;
    todo!()
}
