// The metrics that the service has for Prometheus, as far as the page reads them: gauges by name.

import { getText } from './client';

/**
 * The values of a text in Prometheus' exposition format, by the metric's name; of one with several
 * label sets, the sum. What is no such line is passed over.
 */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, number] = /^([A-Za-z_:][\w:]*)(?:\{.*\})? (\S+)/.exec(line) ?? [];
    const value = Number(number);
    if (name !== undefined && Number.isFinite(value)) values.set(name, (values.get(name) ?? 0) + value);
  }
  return values;
}

export async function getMetrics(
  path: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  return parseMetrics(await getText(path, signal));
}
