// The steps of a pipeline as a picture: each in a layer behind those it waits for. Pure.

export interface StepLike {
  readonly name: string;
  readonly after: readonly string[];
}

export interface PlacedStep {
  readonly name: string;
  /** From 0, in the direction in which it runs. */
  readonly layer: number;
  /** From 0, across it. */
  readonly lane: number;
}

export interface StepGraph {
  readonly places: readonly PlacedStep[];
  readonly edges: readonly { readonly from: PlacedStep; readonly to: PlacedStep }[];
  readonly layers: number;
  readonly lanes: number;
}

/** A step's layer is one after the greatest of those it waits for; names that are no step count for nothing. */
export function placeSteps(steps: readonly StepLike[]): StepGraph {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const layers = new Map<string, number>();
  const layerOf = (step: StepLike, seen: readonly string[]): number => {
    const known = layers.get(step.name);
    if (known !== undefined) return known;
    const before = step.after
      .filter((name) => !seen.includes(name))
      .map((name) => byName.get(name))
      .filter((found) => found !== undefined);
    const layer = Math.max(-1, ...before.map((found) => layerOf(found, [...seen, step.name]))) + 1;
    layers.set(step.name, layer);
    return layer;
  };
  const filled: number[] = [];
  const places = steps.map((step) => {
    const layer = layerOf(step, [step.name]);
    const lane = filled[layer] ?? 0;
    filled[layer] = lane + 1;
    return { name: step.name, layer, lane };
  });
  const placed = new Map(places.map((place) => [place.name, place]));
  const edges = steps.flatMap((step) =>
    step.after
      .map((name) => ({ from: placed.get(name), to: placed.get(step.name)! }))
      .filter((edge): edge is { from: PlacedStep; to: PlacedStep } => edge.from !== undefined),
  );
  return { places, edges, layers: filled.length, lanes: Math.max(0, ...filled) };
}
