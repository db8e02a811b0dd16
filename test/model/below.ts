// The machine's own file system below one folder, as if the folder were the root. Symlinks in it must be relative.

import { VolumeError } from '../../src/base/errors.ts'
import type { VolumeCalls } from '../../src/volume/calls.ts'

export function below(calls: VolumeCalls, folder: string): VolumeCalls {
  const at = (path: string): string => (path === '' ? '' : folder + path)
  const inside = (path: string): string => path.slice(folder.length) || '/'
  return {
    ...calls,
    stat: (caller, path, follow) => calls.stat(caller, at(path), follow),
    readlink: (caller, path) => calls.readlink(caller, at(path)),
    realpath: async (caller, path) => inside(await calls.realpath(caller, at(path))),
    readdir: (caller, path) => calls.readdir(caller, at(path)),
    mkdir: (caller, path, mode, recursive) => calls.mkdir(caller, at(path), mode, recursive),
    mkdtemp: async (caller, prefix) => inside(await calls.mkdtemp(caller, at(prefix))),
    rmdir: (caller, path) => calls.rmdir(caller, at(path)),
    unlink: (caller, path) => calls.unlink(caller, at(path)),
    async remove(caller, path, options) {
      try {
        await calls.remove(caller, at(path), options)
      } catch (error) {
        // Node's own word for it.
        throw (error as { code?: unknown }).code === 'ERR_FS_EISDIR' ? new VolumeError('EISDIR') : error
      }
    },
    rename: (caller, from, to) => calls.rename(caller, at(from), at(to)),
    // Targets stay as they are: `symlink` of the client would put the folder before them.
    symlink: (caller, target, path) => calls.symlink(caller, target, at(path)),
    setAttributes: (caller, path, changes, follow) => calls.setAttributes(caller, at(path), changes, follow),
    copyFile: (caller, from, to, exclusive) => calls.copyFile(caller, at(from), at(to), exclusive),
    open: (caller, path, flags, mode) => calls.open(caller, at(path), flags, mode),
    readFile: (caller, path) => calls.readFile(caller, at(path)),
    writeFile: (caller, path, data, options) => calls.writeFile(caller, at(path), data, options),
  }
}
