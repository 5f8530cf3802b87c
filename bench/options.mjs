import { parseArgs } from 'node:util'
import { targetNames } from './targets.mjs'
import { workloadNames } from './workloads.mjs'

const HELP = `Compares proxies in front of a scripted upstream, all on this machine.

  npm run bench                                   everything, about five and a half minutes
  npm run bench -- --quick                        everything, briefly: to see that it works
  npm run bench -- --workloads json,burst --targets minimal,express-ours

  --workloads a,b   of ${workloadNames.join(', ')}
  --targets a,b     of ${targetNames.join(', ')};
                    direct and minimal, which the others are compared with, always run;
                    express-recording needs DATABASE_URL and makes a schema of its own there
  --rounds N        turns of each target in each workload
  --json FILE       writes all figures as JSON
  --quick           one short round each
  --help
`

/** Reads the command line; ends the process where there is nothing to run. */
export function readOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        workloads: { type: 'string', default: workloadNames.join(',') },
        targets: { type: 'string', default: targetNames.join(',') },
        rounds: { type: 'string' },
        json: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      process.stdout.write(HELP)
      process.exit(0)
    }
    return {
      workloads: choose('workloads', values.workloads, workloadNames),
      targets: choose('targets', `direct,minimal,${values.targets}`, targetNames),
      rounds: values.rounds === undefined ? null : toCount(values.rounds),
      jsonFile: values.json ?? null,
      quick: values.quick,
    }
  } catch (error) {
    process.stderr.write(`${error.message}\nnode bench/run.mjs --help tells what there is.\n`)
    process.exit(2)
  }
}

function choose(option, text, known) {
  const names = text.split(',').filter((name) => name !== '')
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`--${option}: there is no "${unknown}". Known: ${known.join(', ')}.`)
  return known.filter((name) => names.includes(name))
}

function toCount(text) {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new Error('--rounds takes a number from 1 to 999.')
  return Number(text)
}
