// Where the card holders live whose transactions were frauds, alerts, or any: cells of one degree,
// and the states with the most.

import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useMemo, useState } from 'preact/hooks';

import type { Place } from '../../api/board';
import { UsMap } from '../../charts/us_map';
import { Choice } from '../../components/choice';
import { useLocale } from '../../context';
import { stateName } from '../../i18n/states';
import { byState, cells, MEASURES, type Cell, type Measure } from '../../state/places';

const STATES_SHOWN = 5;

const Cells = memo(function Cells({ of }: { readonly of: readonly Cell[] }): JSX.Element {
  const { texts, format } = useLocale();
  return (
    <g>
      {of.map(({ place, corners, strength, count }) => (
        <polygon
          key={`${place.lat},${place.long}`}
          points={corners.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')}
          fill-opacity={(0.12 + 0.83 * strength).toFixed(2)}
        >
          <title>
            {texts.live.cell(
              format.place(place.lat, place.long),
              format.integer(count),
              format.integer(place.transactions),
            )}
          </title>
        </polygon>
      ))}
    </g>
  );
});

export function HeatMap({ places }: { readonly places: readonly Place[] }): JSX.Element {
  const { language, texts, format } = useLocale();
  const words = texts.live;
  const [measure, setMeasure] = useState<Measure>('frauds');
  const shown = useMemo(() => cells(places, measure), [places, measure]);
  const states = useMemo(() => byState(places, measure), [places, measure]);
  const most = shown[shown.length - 1]?.count ?? 0;
  const first = states.slice(0, STATES_SHOWN).map(({ state, count }) => ({
    name: state ? stateName(state, language) : words.elsewhere,
    count: format.integer(count),
  }));
  const summary = first.map(({ name, count }) => `${name} ${count}`).join(', ');
  return (
    <figure class={`panel heat ${measure}`}>
      <figcaption class="title">
        <h3>{words.map}</h3>
        <span class="quiet">{words.mapNote}</span>
        <Choice<Measure>
          label={words.measure}
          options={MEASURES.map((value) => [value, words.measures[value]] as const)}
          value={measure}
          onChoose={setMeasure}
        />
      </figcaption>
      <UsMap label={`${words.map}: ${words.measures[measure]}. ${summary || words.nothingHere}`}>
        <Cells of={shown} />
      </UsMap>
      <div class="legend">
        {shown.length === 0 ? (
          <span class="quiet">{words.nothingHere}</span>
        ) : (
          <>
            <span class="scale" aria-hidden="true">
              1 <i /> {format.integer(most)}
            </span>
            <ol aria-label={words.byState}>
              {first.map(({ name, count }) => (
                <li key={name}>
                  {name} <b>{count}</b>
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
    </figure>
  );
}
