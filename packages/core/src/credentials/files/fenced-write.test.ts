import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { FileHandle, open, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { removeFile, replaceFile } from './fenced-write.js'
import type { FolderLock } from './folder-lock.js'

/** The step that fails, and with which code. */
const failing = vi.hoisted(() => ({ step: '', code: '' }))

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<{ open: typeof open; rename: typeof rename }>()
  const failAt = (step: string) => {
    if (failing.step === step) throw Object.assign(new Error('of the file system, FAKE'), { code: failing.code })
  }
  return {
    ...real,
    open: async (...args: Parameters<typeof open>): Promise<FileHandle> => {
      const handle = await real.open(...args)
      const isFolder = args[1] === 'r'
      const [write, sync] = [handle.writeFile.bind(handle), handle.sync.bind(handle)]
      handle.writeFile = async (...data: Parameters<FileHandle['writeFile']>) => {
        failAt('write')
        await write(...data)
      }
      handle.sync = async () => {
        failAt(isFolder ? 'sync of the folder' : 'sync')
        await sync()
      }
      return handle
    },
    rename: async (...args: Parameters<typeof rename>) => {
      failAt('rename')
      await real.rename(...args)
    },
  }
})

let folder: string
let path: string
let lock: FolderLock

beforeEach(() => {
  failing.step = ''
  folder = mkdtempSync(join(tmpdir(), 'write-'))
  path = join(folder, 'example.com.json')
  lock = { path: join(folder, '.lock'), signal: new AbortController().signal, release: async () => true }
  mkdirSync(lock.path)
  writeFileSync(path, 'old')
})
afterEach(() => rmSync(folder, { recursive: true }))

it.each([
  ['write', 'ENOSPC'],
  ['sync', 'EIO'],
  ['rename', 'EIO'],
])('a failure at %s (%s) leaves the old file whole and names file and code', async (step, code) => {
  Object.assign(failing, { step, code })
  await expect(replaceFile(lock, path, 'new')).rejects.toMatchObject({
    name: 'StorageError',
    code: 'write_failed',
    message: `${path}: cannot be written (${code})`,
  })
  expect(readFileSync(path, 'utf8')).toBe('old')
  expect(readdirSync(folder).sort()).toEqual(['.lock', 'example.com.json'])
  failing.step = ''
  await replaceFile(lock, path, 'new')
  expect(readFileSync(path, 'utf8')).toBe('new')
})

it('a failure after the rename is told, though the new file is there whole', async () => {
  Object.assign(failing, { step: 'sync of the folder', code: 'EIO' })
  await expect(replaceFile(lock, path, 'new')).rejects.toMatchObject({ code: 'write_failed' })
  expect(readFileSync(path, 'utf8')).toBe('new')
})

it.each(['EROFS', 'EACCES', 'EPERM'])('%s is told as read_only', async (code) => {
  Object.assign(failing, { step: 'rename', code })
  await expect(removeFile(lock, path)).rejects.toMatchObject({ code: 'read_only' })
  expect(existsSync(path)).toBe(true)
})

it('the new file is for its owner alone', async () => {
  await replaceFile(lock, path, 'new')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})
