/** How many JPEGs the HTML report of one run holds for its viewer. */
export function picturesIn(report: string): number {
  const [, lines = ''] = /<script type="application\/octet-stream" id="halfopen-pictures-0">([^<]*)<\/script>/.exec(report) ?? [];
  return lines.split('\n').filter((line) => line.startsWith('data:image/jpeg;base64,/9j/')).length;
}
