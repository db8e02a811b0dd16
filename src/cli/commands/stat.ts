// `stat`: everything the volume knows of a path.

import { jsonOption, type Command } from '../command.ts'
import { humanBytes, isoTime, modeText } from '../output/human.ts'

export const stat: Command = {
  name: 'stat',
  arguments: '<paths...>',
  summary: 'show what is known of files',
  options: [{ flags: '-L, --dereference', help: 'follow symlinks' }, jsonOption],
  async run(context, args, options) {
    const { out } = context
    for (const text of args) {
      const place = await context.places.at(text)
      try {
        const { calls, caller, path } = place
        const attributes = await calls.stat(caller, path, Boolean(options['dereference']))
        const target = attributes.type === 'symlink' ? await calls.readlink(caller, path) : undefined
        const { ino, type, mode, nlink, uid, gid, size } = attributes
        const [atime, mtime, ctime, birthtime] = [
          attributes.atimeNs,
          attributes.mtimeNs,
          attributes.ctimeNs,
          attributes.birthtimeNs,
        ].map(isoTime)
        const row = { path, type, size, mode, uid, gid, ino, nlink, atime, mtime, ctime, birthtime, target }
        if (options['json']) await out.json(row)
        else
          await out.write(
            [
              `  File: ${text}${target === undefined ? '' : ` -> ${target}`}`,
              `  Size: ${size} (${humanBytes(size)})  Type: ${type}`,
              `  Mode: ${(mode & 0o7777).toString(8).padStart(4, '0')}/${modeText(type, mode)}  Uid: ${uid}  Gid: ${gid}`,
              ` Inode: ${ino}  Links: ${nlink}`,
              `Access: ${atime}`,
              `Modify: ${mtime}`,
              `Change: ${ctime}`,
              ` Birth: ${birthtime}\n`,
            ].join('\n'),
          )
      } catch (error) {
        out.failure('cannot stat', text, error)
      }
    }
    return out.failureCount > 0 ? 1 : 0
  },
}
