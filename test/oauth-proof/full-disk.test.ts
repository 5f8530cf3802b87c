import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('full-disk.mjs', import.meta.url))

/** Why no file system can be mounted here, or null. */
function obstacle(): string | null {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'pipe' })
    return null
  } catch (error) {
    return String((error as Error).message)
      .split('\n', 2)
      .join(' ')
  }
}

it('a pair that a full disk does not take serves from memory and is stored once there is space', async ({ skip }) => {
  const why = obstacle()
  skip(why !== null, `No file system can be mounted: ${why}`)
  const folder = mkdtempSync(join(tmpdir(), 'full-disk-'))
  const { stdout } = await promisify(execFile)('unshare', ['-rm', process.execPath, program, folder])
  rmdirSync(folder)
  expect(JSON.parse(stdout)).toEqual({
    before: 'FAKE-access-0',
    full: { served: 'FAKE-access-1', stored: 'FAKE-access-0', health: { needLogin: 0, notStored: 1 } },
    after: { served: 'FAKE-access-1', stored: 'FAKE-access-1', health: { needLogin: 0, notStored: 0 } },
    alerts: ['credential_not_stored'],
    spent: ['FAKE-refresh-0'],
  })
})
