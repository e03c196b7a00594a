/**
 * Text without terminal colours, without other control characters (but for tab and line ends), and without halves of
 * surrogate pairs: what a service printed may stand in XML and HTML.
 */
export function plainText(value: string): string {
  return (
    value
      // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
      .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
      // oxlint-disable-next-line no-control-regex -- as above
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g, '')
      .toWellFormed()
  );
}
