import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// A clean clone has no dist, and after a pull it is older than the sources. Standard output stays free for JSON log lines.
const root = fileURLToPath(new URL('..', import.meta.url))
const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
// In the order in which they build on each other.
const stale = workspaces.filter((folder) => folder.startsWith('packages/') && isStale(join(root, folder)))

if (stale.length > 0)
  process.stderr.write('Building what is missing or older than its sources, which may take a minute:\n')
for (const folder of stale) {
  process.stderr.write(`  ${folder} … `)
  const began = Date.now()
  execFileSync('npm', ['run', 'build', '--silent', '-w', folder], {
    cwd: root,
    stdio: ['ignore', 'ignore', process.stderr],
    shell: process.platform === 'win32',
  })
  process.stderr.write(`${((Date.now() - began) / 1000).toFixed(0)} s\n`)
}

function isStale(folder) {
  return newest(join(folder, 'src'), (name) => !name.endsWith('.test.ts')) > newest(join(folder, 'dist'), () => true)
}

/** When the newest file below the folder was changed, in epoch milliseconds; 0 where there is none. */
function newest(folder, isMeant) {
  let entries
  try {
    entries = readdirSync(folder, { recursive: true })
  } catch (error) {
    if (error.code === 'ENOENT') return 0
    throw error
  }
  return Math.max(0, ...entries.filter(isMeant).map((name) => statSync(join(folder, name)).mtimeMs))
}
