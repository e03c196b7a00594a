/**
 * The proxy's name for an edge, safe in an URL's path: `orders->payments` is `orders--payments`. No two edges share one:
 * a hyphen beside another, and whatever else could be misread, is written as `~` and its hexadecimal code.
 */
export function proxyNameOfEdge(edge: string): string {
  let name = '';
  for (let index = 0; index < edge.length; index++) {
    const character = edge.charAt(index);
    if (character === '-' && edge.charAt(index + 1) === '>') {
      name += '--';
      index++;
    } else if (
      character === '-'
        ? edge.charAt(index - 1) !== '-' && edge.charAt(index - 1) !== '>' && edge.charAt(index + 1) !== '-'
        : /[A-Za-z0-9_.]/.test(character)
    ) {
      name += character;
    } else {
      name += `~${edge.charCodeAt(index).toString(16).padStart(4, '0')}`;
    }
  }
  return name;
}
