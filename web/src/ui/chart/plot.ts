import uPlot from 'uplot';
import type { ChartProps, Hovered } from './chart.js';
import { selectedRange, timeRange } from './time-range.js';

/** A chart that is drawn in an element of the page. */
export interface Plot {
  /** Draws the present figures of `latest`. */
  readonly update: () => void;
  readonly remove: () => void;
}

/**
 * Draws a chart, and follows the size of its element.
 * @param latest the present properties of the chart; the colours are those of the current theme.
 */
export function drawPlot(
  element: HTMLElement,
  latest: { readonly current: ChartProps },
  onHover: (hovered: Hovered | undefined) => void,
): Plot {
  const plot = new uPlot(options(element, latest, onHover), dataOf(latest.current), element);
  const observer = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = element;
    if (width !== plot.width || height !== plot.height) plot.setSize({ width, height });
  });
  observer.observe(element);
  return {
    update: () => plot.setData(dataOf(latest.current)),
    remove: () => {
      observer.disconnect();
      plot.destroy();
    },
  };
}

/** Distances between the marks of an axis of whole numbers: 1, 2, 5, 10, … */
const wholeSteps = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

const [minuteSeconds, hourSeconds, daySeconds] = [60, 3_600, 86_400];
/**
 * The names of the marks of a time axis, from the least distance between two marks: the name of
 * each, and what the first mark of a year, month or day has below. The form is that of all times.
 */
const timeMarks: uPlot.Axis.Values = [
  [365 * daySeconds, '{YYYY}', null, null, null, null, null, null, 1],
  [28 * daySeconds, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [daySeconds, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [hourSeconds, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
  [minuteSeconds, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
];

function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])];
}

function options(
  element: HTMLElement,
  latest: { readonly current: ChartProps },
  onHover: (hovered: Hovered | undefined) => void,
): uPlot.Options {
  const styles = getComputedStyle(element);
  const colour = (name: string) => resolved(element, `var(${name})`);
  const axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: `12px ${styles.fontFamily}`,
  };
  const tzDate = (seconds: number) => {
    const { timeZone } = latest.current;
    // uPlot is fast only with this name of UTC.
    return uPlot.tzDate(new Date(seconds * 1000), timeZone === 'UTC' ? 'Etc/UTC' : timeZone);
  };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    tzDate,
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 8 },
      drag: { x: latest.current.onZoom !== undefined, y: false, setScale: false },
    },
    axes: [
      { ...axis, values: timeMarks },
      {
        ...axis,
        size: 64,
        values: (_, splits) => splits.map((value) => latest.current.formatAxis(value)),
        ...(latest.current.isCount ? { incrs: wholeSteps } : {}),
      },
    ],
    scales: {
      x: { range: () => timeRange(latest.current.times) },
      y: { range: (_, low, high) => [Math.min(0, low), high <= 0 ? 1 : high * 1.08] },
    },
    series: [
      {},
      ...latest.current.series.map(
        ({ name, colour: property, kind, dash }): uPlot.Series => ({
          label: name,
          stroke: colour(property),
          width: 2,
          ...(dash ? { dash: [...dash] } : {}),
          points: { show: () => latest.current.times.length < 2 },
          ...(kind === 'bars'
            ? {
                fill: colour(property),
                ...(uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [0.7, 40], radius: 0.12 }) } : {}),
              }
            : { fill: transparent(colour(property)) }),
        }),
      ),
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const { idx, left } = plot.cursor;
          if (idx === null || idx === undefined || left === undefined || left < 0) return onHover(undefined);
          const offset = plot.over.offsetLeft + left;
          onHover({ at: idx, left: offset > element.clientWidth / 2 ? Math.max(0, offset - 190) : offset + 14 });
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 8) return;
          const { times, onZoom } = latest.current;
          const selected = selectedRange(times, plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
          if (selected) onZoom?.(...selected);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** The colour that a custom property has in the current theme, as rgb(). */
function resolved(element: HTMLElement, value: string): string {
  const probe = document.createElement('span');
  probe.style.color = value;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function transparent(colour: string): string {
  return colour.replace(/^rgb\(([^)]+)\)$/, 'rgba($1, 0.09)');
}
