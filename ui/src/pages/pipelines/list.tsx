// The pipelines: how each did, and when it runs next.

import type { JSX } from 'preact';

import type { Pipeline } from '../../api/pipelines';
import { Heading } from '../../components/heading';
import { useMoment, When } from '../../components/when';
import { useLocale } from '../../context';
import { descriptionIn } from '../../i18n/pipeline_descriptions';
import { hashOf } from '../../route';
import { StateMark } from './state';

export function LastRun({ pipeline }: { readonly pipeline: Pipeline }): JSX.Element {
  const words = useLocale().texts.pipelines;
  const last = pipeline.last_run;
  if (!last) return <span class="quiet">{words.never}</span>;
  return (
    <>
      <a href={hashOf({ view: 'run', id: last.id })}>
        <StateMark state={last.state} />
      </a>{' '}
      <span class="quiet">
        <When iso={last.ended ?? last.started ?? last.created} />
      </span>
    </>
  );
}

export function Success({ pipeline }: { readonly pipeline: Pipeline }): JSX.Element {
  const { texts, format } = useLocale();
  const { success_ratio: ratio, succeeded, runs } = pipeline;
  if (ratio === null) return <span class="quiet">–</span>;
  return (
    <span class="success">
      <span class="bar" style={{ '--share': ratio }} aria-hidden="true" />
      {texts.pipelines.successOf(format.integer(succeeded), format.integer(runs))}
    </span>
  );
}

export function NextRun({ pipeline }: { readonly pipeline: Pipeline }): JSX.Element {
  const words = useLocale().texts.pipelines;
  const { next, schedule, time_zone: zone } = pipeline;
  if (schedule === null) return <span class="quiet">{words.unscheduled}</span>;
  return (
    <>
      {next === null ? '–' : <When iso={next} />}{' '}
      <span class="quiet schedule">{zone ? `${schedule} (${zone})` : schedule}</span>
    </>
  );
}

function Row({ pipeline }: { readonly pipeline: Pipeline }): JSX.Element {
  const { language, texts } = useLocale();
  const words = texts.pipelines;
  const moment = useMoment();
  const link = hashOf({ view: 'pipeline', name: pipeline.name });
  return (
    <tr>
      <td>
        <a href={link}>
          <b>{pipeline.name}</b>
        </a>
        <span class="description">{descriptionIn(pipeline.description ?? '', language)}</span>
      </td>
      <td>
        <LastRun pipeline={pipeline} />
      </td>
      <td class="number wide">
        {pipeline.seconds_median === null ? '–' : moment.took(pipeline.seconds_median)}
      </td>
      <td class="wide">
        <Success pipeline={pipeline} />
      </td>
      <td class="wide">
        <NextRun pipeline={pipeline} />
      </td>
      <td class="do">
        <a class="button" href={link} aria-label={`${words.run}: ${pipeline.name}`}>
          {words.run}…
        </a>
      </td>
    </tr>
  );
}

export function PipelinesList({ pipelines }: { readonly pipelines: readonly Pipeline[] }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.pipelines;
  return (
    <>
      <div class="heading">
        <Heading>{words.title}</Heading>
        <span class="quiet">{words.note(format.integer(pipelines.length))}</span>
      </div>
      <section class="panel" aria-label={words.title}>
        {pipelines.length === 0 ? (
          <p class="none">{words.none}</p>
        ) : (
          <table class="fitted pipelines-table">
            <thead>
              <tr>
                <th scope="col">{words.name}</th>
                <th scope="col">{words.lastRun}</th>
                <th scope="col" class="number wide" title={words.medianNote}>{words.median}</th>
                <th scope="col" class="wide">{words.success}</th>
                <th scope="col" class="wide">{words.nextRun}</th>
                <th scope="col">
                  <span class="hidden">{words.run}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {pipelines.map((pipeline) => (
                <Row key={pipeline.name} pipeline={pipeline} />
              ))}
            </tbody>
          </table>
        )}
      </section>
    </>
  );
}
