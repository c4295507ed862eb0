// The graph around a transaction's card to two steps, and its merchant; further by each card and merchant
// that is opened; the ways from the card to known frauds; and the merchant's latest transactions. The page
// never has a card's number: it asks by the transaction, and by what the answers refer to cards by.

import type { EChartsOption } from 'echarts';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { postJson } from '../../api/client';
import type {
  CardNeighbourhood,
  MerchantEdge,
  MerchantNeighbourhood,
  Paths,
  Vertex,
} from '../../api/graph';
import { tooltipStyle } from '../../charts/base';
import { Chart, usePalette, type Palette } from '../../charts/chart';
import { between } from '../../charts/colour';
import { FailureNotice } from '../../components/notice';
import { useLocale, type Locale } from '../../context';
import { cardDigits, merchantName } from '../../format';
import { NARROW, useMedia } from '../../media';
import { asError } from '../../problem';
import { layOut, type Point } from '../../state/layout';
import {
  lightUp,
  merge,
  nothing,
  pairId,
  type Lit,
  type Neighbourhood,
} from '../../state/neighbourhood';

const FIRST_LIMIT = 20;
const MORE_LIMIT = 12;
/** Pairs of a path at most, and paths. */
const PATH_LENGTH = 4;
const PATHS_MAX = 3;
/** The field is wide on a desk and high on a phone: a graph that is longer that way fills it better. */
const LONGER = 1.6;
/** Places in about pixels: lines are put on whole ones. */
const UNIT = 100;
/** Of what is not on a path, where there is one. */
const DIM = 0.35;

function vertexName(vertex: Vertex, { texts }: Locale): string {
  if (vertex.kind === 'merchant') return merchantName(vertex.name);
  return texts.cardEnding(cardDigits(vertex.name));
}

interface Middle {
  /** The card's id; empty before the first answer. */
  readonly card: string;
  readonly merchant: string;
}

function isMiddle(vertex: Vertex, { card, merchant }: Middle): boolean {
  return vertex.kind === 'card' ? vertex.id === card : vertex.name === merchant;
}

function placesOf({ vertices, pairs }: Neighbourhood): readonly Point[] {
  const at = new Map(vertices.map(({ id }, i) => [id, i]));
  const ends = pairs.map((pair): [number, number] => [at.get(pair.card)!, at.get(pair.merchant)!]);
  return layOut(vertices.length, ends);
}

function graphOption(
  graph: Neighbourhood,
  places: readonly Point[],
  narrow: boolean,
  lit: Lit,
  middle: Middle,
  colours: Palette,
  locale: Locale,
): EChartsOption {
  const { texts, format } = locale;
  const words = texts.transaction;
  const isLit = (vertex: Vertex): boolean => isMiddle(vertex, middle) || lit.vertices.has(vertex.id);
  const anyLit = lit.pairs.size > 0;
  return {
    animation: false,
    textStyle: { fontFamily: colours.font },
    tooltip: {
      ...tooltipStyle(colours),
      formatter: (params) => {
        const item = Array.isArray(params) ? params[0] : params;
        const vertex = graph.vertices[item?.dataType === 'node' ? item.dataIndex : -1];
        if (vertex) {
          const known = vertex.compromised ? `\n${words.compromised}` : '';
          return `${vertexName(vertex, locale)}\n${words.share} ${format.percent(vertex.share)}${known}`;
        }
        const pair = graph.pairs[item?.dataIndex ?? -1];
        return pair ? words.pair(format.integer(pair.count), format.score(pair.suspicion)) : '';
      },
    },
    series: [
      {
        type: 'graph',
        layout: 'none', // the places are given, and fitted into the field
        preserveAspect: 'contain',
        roam: 'move',
        left: 24,
        right: narrow ? 76 : 150, // for the labels
        top: 24,
        bottom: 24,
        labelLayout: { hideOverlap: true },
        data: graph.vertices.map((vertex, i) => ({
          x: (places[i]?.x ?? 0) * UNIT * (narrow ? 1 : LONGER),
          y: (places[i]?.y ?? 0) * UNIT * (narrow ? LONGER : 1),
          id: vertex.id,
          name: vertexName(vertex, locale),
          symbol: vertex.kind === 'card' ? 'roundRect' : 'circle',
          symbolSize: (isMiddle(vertex, middle) ? 20 : 10) + 10 * vertex.share,
          itemStyle: {
            color: vertex.compromised
              ? colours.decline
              : between(colours.approve, colours.decline, vertex.share),
            borderColor: isMiddle(vertex, middle) ? colours.text : colours.surface,
            borderWidth: isMiddle(vertex, middle) ? 2 : 1,
            opacity: !anyLit || isLit(vertex) ? 1 : DIM + 0.2,
          },
          label: {
            show: isLit(vertex) || vertex.compromised === true,
            position: 'right',
            color: colours.text,
            fontSize: 11,
          },
        })),
        links: graph.pairs.map((pair) => ({
          source: pair.card,
          target: pair.merchant,
          lineStyle: lit.pairs.has(pairId(pair))
            ? { width: 4, color: colours.decline, opacity: 1 }
            : {
                width: Math.min(6, pair.count),
                color: between(colours.approve, colours.decline, pair.suspicion),
                opacity: anyLit ? DIM : 0.7,
              },
        })),
      },
    ],
  };
}

function Latest({ edges, card }: { edges: readonly MerchantEdge[]; card: string }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.transaction;
  return (
    <section class="panel" aria-labelledby="latest">
      <div class="title">
        <h2 id="latest">{words.latest}</h2>
      </div>
      <div class="sideways" role="region" aria-labelledby="latest" tabIndex={0}>
        <table class="fitted">
          <thead>
            <tr>
              <th scope="col">{texts.columns.time}</th>
              <th scope="col">{texts.columns.card}</th>
              <th scope="col" class="number">{texts.columns.amount}</th>
              <th scope="col" class="number">{words.suspicion}</th>
            </tr>
          </thead>
          <tbody>
            {edges.slice(0, 10).map((edge, i) => (
              <tr key={i} class={edge.card === card ? 'chosen' : ''}>
                <td>
                  {format.date(edge.time)} {format.time(edge.time)}
                </td>
                <td>
                  •••• {cardDigits(edge.card)}{' '}
                  {edge.compromised && <span class="actual fraud">{words.compromised}</span>}
                </td>
                <td class="number">{format.amount(edge.amount)}</td>
                <td class="number">{format.score(edge.suspicion)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The lit ways in words. */
function PathList({ paths, card }: { paths: Paths; card: string }): JSX.Element {
  const locale = useLocale();
  const words = locale.texts.transaction;
  const vertices = new Map(paths.vertices.map((vertex) => [vertex.id, vertex]));
  const name = (id: string): string => {
    const vertex = vertices.get(id);
    if (id === card) return words.thisCard;
    return vertex === undefined ? id : vertexName(vertex, locale);
  };
  return (
    <section class="paths" aria-labelledby="paths">
      <h3 id="paths">{words.paths}</h3>
      {paths.paths.length === 0 ? (
        <p class="quiet">{words.noPaths}</p>
      ) : (
        <>
          <p class="quiet">{words.pathsNote}</p>
          <ol>
            {paths.paths.map((path) => (
              <li key={path.vertices.join()}>
                {path.vertices.map((id, i) => (
                  <span key={id}>
                    {i > 0 && ' → '}
                    {i === path.vertices.length - 1 ? <b class="bad">{name(id)}</b> : name(id)}
                  </span>
                ))}
              </li>
            ))}
          </ol>
        </>
      )}
      {paths.cut && <p class="quiet">{words.cut}</p>}
    </section>
  );
}

interface OpenedGraph {
  readonly graph: Neighbourhood;
  /** The id of the transaction's card; empty before the first answer. */
  readonly card: string;
  /** From the card to known frauds; null before the answer. */
  readonly paths: Paths | null;
  /** The merchant's latest. */
  readonly edges: readonly MerchantEdge[];
  readonly error: Error | null;
  /** Adds what lies around another vertex. */
  open(vertex: Vertex): void;
}

function subjectOf(vertex: Vertex): string {
  return vertex.kind === 'card' ? `card_ref:${vertex.ref ?? ''}` : `merchant:${vertex.name}`;
}

function useGraph(number: string, merchant: string): OpenedGraph {
  const [graph, setGraph] = useState<Neighbourhood>(nothing);
  const [card, setCard] = useState('');
  const [edges, setEdges] = useState<readonly MerchantEdge[]>([]);
  const [paths, setPaths] = useState<Paths | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const abort = useRef<AbortController | null>(null);

  async function ask<T>(path: string, question: object, take: (answer: T) => void): Promise<void> {
    const signal = abort.current?.signal;
    try {
      const answer = await postJson<T>(path, question, signal);
      if (signal?.aborted) return;
      take(answer);
      setError(null);
    } catch (reason) {
      if (!signal?.aborted) setError(asError(reason));
    }
  }

  function askAround<T extends CardNeighbourhood>(
    of: string,
    steps: number,
    limit: number,
    take?: (answer: T) => void,
  ): Promise<void> {
    return ask<T>('/v1/graph/neighbourhood', { of, steps, limit }, (answer) => {
      setGraph((held) => merge(held, answer));
      take?.(answer);
    });
  }

  function askPaths(): Promise<void> {
    const from = `transaction:${number}`;
    const question = { from, to_fraud: true, length: PATH_LENGTH, limit: PATHS_MAX };
    return ask<Paths>('/v1/graph/paths', question, (answer) => {
      setGraph((held) =>
        merge(held, {
          vertices: answer.vertices,
          pairs: answer.paths.flatMap((path) => path.pairs),
        }),
      );
      setPaths(answer);
    });
  }

  /** One after the other, so that the ways are lit in what is around. */
  async function askAll(): Promise<void> {
    await askAround<CardNeighbourhood>(`transaction:${number}`, 2, FIRST_LIMIT, (answer) =>
      setCard(answer.vertices.find((vertex) => vertex.step === 0)?.id ?? ''),
    );
    await askAround<MerchantNeighbourhood>(`merchant:${merchant}`, 1, MORE_LIMIT, (answer) =>
      setEdges(answer.of.edges),
    );
    await askPaths();
  }

  useEffect(() => {
    abort.current = new AbortController();
    void askAll();
    return () => abort.current?.abort();
  }, [number, merchant]);
  const open = (vertex: Vertex): void => void askAround(subjectOf(vertex), 1, MORE_LIMIT);
  return { graph, card, paths, edges, error, open };
}

interface SurroundingsProps {
  /** The transaction's. */
  readonly number: string;
  /** Masked. */
  readonly card: string;
  readonly merchant: string;
}

export function Surroundings({ number, card, merchant }: SurroundingsProps): JSX.Element {
  const locale = useLocale();
  const { texts, format } = locale;
  const words = texts.transaction;
  const palette = usePalette();
  const { graph, card: cardId, paths, edges, error, open } = useGraph(number, merchant);
  const lit = useMemo(() => lightUp(paths?.paths ?? []), [paths]);
  const narrow = useMedia(NARROW);
  const places = useMemo(() => placesOf(graph), [graph]);
  const option = useMemo(
    () => graphOption(graph, places, narrow, lit, { card: cardId, merchant }, palette, locale),
    [graph, places, narrow, lit, cardId, merchant, palette, locale],
  );
  const pick = (id: string): void => {
    const vertex = graph.vertices.find((candidate) => candidate.id === id);
    if (vertex) open(vertex);
  };
  const cards = graph.vertices.filter((vertex) => vertex.kind === 'card').length;
  const size = words.graphSize(
    format.integer(cards),
    format.integer(graph.vertices.length - cards),
  );
  return (
    <>
      <figure class="panel surroundings">
        <figcaption class="title">
          <h2>{words.graph}</h2>
          <span class="quiet">
            {graph.vertices.length > 0 && size} {words.graphNote}
          </span>
        </figcaption>
        {error && <FailureNotice error={error} />}
        <Chart option={option} label={`${words.graph}. ${size}`} size="tall" onPick={pick} />
        {paths && <PathList paths={paths} card={cardId} />}
        {graph.vertices.length > 0 && (
          <details>
            <summary>{words.openVertex}</summary>
            <ul class="merchants">
              {graph.vertices.map((vertex) => (
                <li key={vertex.id}>
                  <button type="button" onClick={() => open(vertex)}>
                    {vertexName(vertex, locale)}
                  </button>
                </li>
              ))}
            </ul>
          </details>
        )}
      </figure>
      {edges.length > 0 && <Latest edges={edges} card={card} />}
    </>
  );
}
