import { ConfigurationError, StorageError } from '../../errors.js'

const READ_ONLY = ['EROFS', 'EACCES', 'EPERM']

/** An error of the file system, while writing, as one that names the file and the code. */
export function toWriteError(path: string, error: unknown): StorageError | ConfigurationError {
  if (error instanceof StorageError || error instanceof ConfigurationError) return error
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
  return new StorageError(
    READ_ONLY.includes(code) ? 'read_only' : 'write_failed',
    `${path}: cannot be written (${code})`,
  )
}
