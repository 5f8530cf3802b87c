import { ConfigurationError, StorageError } from '../../errors.js'

const READ_ONLY = ['EROFS', 'EACCES', 'EPERM']

/** An error of the file system, while writing, as one that names the file, the code and the system call. */
export function toWriteError(path: string, error: unknown): StorageError | ConfigurationError {
  if (error instanceof StorageError || error instanceof ConfigurationError) return error
  const { code = 'unknown error', syscall } = error as NodeJS.ErrnoException
  return new StorageError(
    READ_ONLY.includes(code) ? 'read_only' : 'write_failed',
    `${path}: cannot be written (${code}${syscall === undefined ? '' : ` in ${syscall}`})`,
  )
}
