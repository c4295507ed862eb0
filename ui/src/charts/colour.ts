// Colours between two of the style sheet's.

/** The colour a share of the way from one "#rrggbb" to another. */
export function between(from: string, to: string, share: number): string {
  const channel = (colour: string, at: number): number =>
    Number.parseInt(colour.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) =>
    Math.round(channel(from, at) + (channel(to, at) - channel(from, at)) * share),
  );
  return `rgb(${mixed.join(',')})`;
}
