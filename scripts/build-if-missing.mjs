import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

// A clean clone has no dist; everyone else builds when they mean to. Standard output stays free for JSON log lines.
if (!existsSync(new URL('../packages/cli/dist/main.js', import.meta.url))) {
  process.stderr.write('Building the packages once (about 20 s) …\n')
  execFileSync('npm', ['run', 'build', '--silent'], {
    cwd: new URL('..', import.meta.url),
    stdio: ['ignore', process.stderr, process.stderr],
    shell: process.platform === 'win32',
  })
}
