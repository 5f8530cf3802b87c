import { median } from './statistics.mjs'

/** What the project set itself, as ratios of CPU within one run. */
const aims = [
  { name: 'express-ours', to: 'minimal', workloads: ['json', 'burst'], atMost: 1.3 },
  { name: 'hono-ours', to: 'hono-minimal', workloads: ['json', 'burst'], atMost: 1.15 },
  { name: 'express-recording', to: 'express-ours', workloads: ['json', 'burst', 'body-8mb'], atMost: 2 },
]

const columns = [
  { title: 'CPU µs/unit', of: ({ cpuMicros }) => format(cpuMicros, 0) },
  { title: 'to minimal', of: ({ ratio }) => format(ratio, 2) },
  { title: 'main thread µs', of: ({ mainMicros }) => format(mainMicros, 0) },
  { title: 'units/s', of: ({ rate }) => format(rate, 0) },
  { title: 'p50 ms', of: (row) => latency(row, 'p50', 'addedP50') },
  { title: 'p99 ms', of: (row) => latency(row, 'p99', 'addedP99') },
  { title: 'stall ms', of: ({ stallMs }) => format(stallMs, 1) },
  { title: 'peak MiB', of: ({ peakMib }) => format(peakMib, 0) },
]

/** The figures for people. */
export function toText({ machine, quick, results }) {
  const blocks = results.map(({ workload, rows }) => `${workload.title}\n${toTable(workload, rows)}`)
  return [
    toHeading(machine),
    ...(quick ? ['One short round only: this shows that everything works, not how well.'] : []),
    ...blocks,
    'Latencies are what is added to the direct path; in its own row, its own. CPU is that of the whole process tree, and of\nits main thread. Stall: the longest that the event loop stood still with one request at a time, median of the rounds.',
    ...toVerdicts(results),
  ].join('\n\n')
}

function toHeading({ node, undici, platform, cpus, pinned, cpuSource }) {
  const where = pinned === null ? 'not pinned' : `proxies on core ${pinned.proxies}, the rest on ${pinned.feeders}`
  return `Node ${node}, undici ${undici}, ${platform}, ${cpus} cores (${where}); CPU time from ${cpuSource}`
}

function toTable({ unit }, rows) {
  const titles = ['', ...columns.map(({ title }) => title.replace('unit', unit))]
  const lines = rows.map((row) =>
    row.broken === undefined ? [row.title, ...columns.map(({ of }) => of(row))] : [row.title, `broken: ${row.broken}`],
  )
  const whole = [titles, ...lines.filter((line) => line.length === titles.length)]
  const nameWidth = Math.max(...lines.map(([name]) => name.length))
  const widths = titles.map((_, i) => (i === 0 ? nameWidth : Math.max(...whole.map((line) => line[i].length))))
  const toLine = (line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i]))).join('  ')
  return [titles, ...lines].map((line) => `  ${toLine(line)}`).join('\n')
}

function toVerdicts(results) {
  const lines = aims.flatMap(({ name, to, workloads, atMost }) =>
    results
      .filter(({ workload }) => workloads.includes(workload.name))
      .map(({ workload, rows }) => [workload.name, ratioOf(rows, name, to)])
      .filter(([, ratio]) => ratio !== null)
      .map(([on, ratio]) => `${on}: ${name} takes ${format(ratio, 2)} times the CPU of ${to} (aim: ${atMost})`),
  )
  return lines.length === 0 ? [] : [lines.join('\n')]
}

function ratioOf(rows, name, to) {
  const turns = (of) => rows.find((row) => row.name === of)?.turns ?? []
  const others = turns(to)
  const ratios = turns(name).map(({ cpuMicros }, i) => cpuMicros / others[i]?.cpuMicros)
  return ratios.length === 0 || !ratios.every(Number.isFinite) ? null : median(ratios)
}

function latency(row, own, added) {
  return row.name === 'direct' ? format(row[own], 2) : `+${format(row[added], 2)}`.replace('+-', '-')
}

function format(value, digits) {
  if (value === null) return '–'
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
