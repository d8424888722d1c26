// Makes one element like another and touches only what differs. Children with an id keep their element wherever
// they move to; what the reader has opened or closed stays so.

export function morph(old: Element, next: Element): void {
  syncAttributes(old, next);
  const byId = new Map<string, Element>();
  for (const child of old.children) if (child.id) byId.set(child.id, child);

  let place: ChildNode | null = old.firstChild;
  for (const wanted of [...next.childNodes]) {
    const kept = wanted instanceof Element && wanted.id ? byId.get(wanted.id) : undefined;
    if (kept) {
      if (kept !== place) old.insertBefore(kept, place);
      else place = place.nextSibling;
      if (!kept.isEqualNode(wanted)) morph(kept, wanted as Element);
      continue;
    }
    if (place && alike(place, wanted)) {
      const current: ChildNode = place;
      place = place.nextSibling;
      if (current.isEqualNode(wanted)) continue;
      if (current instanceof Element) morph(current, wanted as Element);
      else current.nodeValue = wanted.nodeValue;
      continue;
    }
    old.insertBefore(document.importNode(wanted, true), place);
  }
  while (place) {
    const gone: ChildNode = place;
    place = place.nextSibling;
    gone.remove();
  }
}

function alike(old: Node, next: Node): boolean {
  if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName) return false;
  // An element with an id is only ever matched by its id.
  return !(old instanceof Element && old.id) && !(next instanceof Element && next.id);
}

function syncAttributes(old: Element, next: Element): void {
  const readers = (name: string) => name === 'open' && old instanceof HTMLDetailsElement;
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value && !readers(name)) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && !readers(name)) old.removeAttribute(name);
  }
}
