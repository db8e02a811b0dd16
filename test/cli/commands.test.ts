import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createShell, type Shell } from './shell.ts'

let shell: Shell
beforeEach(async () => {
  shell = await createShell()
})
afterEach(() => shell.close())

const at = (path: string): string => shell.volume + path

/** Puts a file on the volume by way of the local disk. */
async function put(path: string, text: string): Promise<void> {
  const source = join(shell.local, 'source-of-put')
  writeFileSync(source, text)
  expect(await shell.run('cp', source, at(path))).toMatchObject({ code: 0, stderr: '' })
}

describe('cp', () => {
  it('copies a file to the volume and back', async () => {
    await put('a.txt', 'hello')
    expect((await shell.run('cp', at('a.txt'), shell.local)).code).toBe(0)
    expect(readFileSync(join(shell.local, 'a.txt'), 'utf8')).toBe('hello')
  })

  it('makes missing directories on the way', async () => {
    await put('x/y/z.txt', 'deep')
    expect((await shell.run('cat', at('x/y/z.txt'))).stdout).toBe('deep')
  })

  it('copies into a directory that ends in a slash although it is not there', async () => {
    const file = join(shell.local, 'f')
    writeFileSync(file, '1')
    expect((await shell.run('cp', file, at('new/'))).code).toBe(0)
    expect((await shell.run('ls', at('new'))).stdout).toBe('f\n')
  })

  it('copies trees with empty directories and symlinks', async () => {
    const tree = join(shell.local, 'tree')
    mkdirSync(join(tree, 'empty'), { recursive: true })
    mkdirSync(join(tree, 'sub'))
    writeFileSync(join(tree, 'sub/file'), 'text')
    symlinkSync('sub/file', join(tree, 'link'))
    expect(await shell.run('cp', '-r', tree, at(''))).toMatchObject({ code: 0, stderr: '' })
    const back = join(shell.local, 'back')
    expect(await shell.run('cp', '-r', at('tree'), back)).toMatchObject({ code: 0, stderr: '' })
    expect(readdirSync(back).toSorted()).toEqual(['empty', 'link', 'sub'])
    expect(readFileSync(join(back, 'link'), 'utf8')).toBe('text')
    expect(lstatSync(join(back, 'link')).isSymbolicLink()).toBe(true)
  })

  it('keeps mode and times with -p', async () => {
    const file = join(shell.local, 'f')
    writeFileSync(file, '1')
    chmodSync(file, 0o751)
    utimesSync(file, 1_000_000_000, 1_234_567_890)
    await shell.run('cp', '-p', file, at('f'))
    expect((await shell.run('cp', '-p', at('f'), join(shell.local, 'g'))).code).toBe(0)
    const { mode, mtimeMs } = lstatSync(join(shell.local, 'g'))
    expect([mode & 0o7777, mtimeMs]).toEqual([0o751, 1_234_567_890_000])
  })

  it('streams a file larger than one step', async () => {
    const bytes = Buffer.alloc(9 * 1024 * 1024 + 17, 'bucketfs')
    writeFileSync(join(shell.local, 'large'), bytes)
    expect(await shell.run('cp', join(shell.local, 'large'), at('large'))).toMatchObject({ code: 0, stderr: '' })
    await shell.run('cp', at('large'), join(shell.local, 'back'))
    expect(readFileSync(join(shell.local, 'back')).equals(bytes)).toBe(true)
  })

  it('replaces a large file whole and leaves nothing beside it', async () => {
    await put('large', 'old')
    const bytes = Buffer.alloc(5 * 1024 * 1024, 'x')
    writeFileSync(join(shell.local, 'large'), bytes)
    await shell.run('cp', join(shell.local, 'large'), at('large'))
    expect((await shell.run('ls', '-a', at(''))).stdout).toBe('large\n')
    expect((await shell.run('stat', '--json', at('large'))).stdout).toContain(`"size":${bytes.length}`)
  })

  it('leaves what is there alone with -n', async () => {
    await put('f', 'old')
    writeFileSync(join(shell.local, 'f'), 'new')
    expect(await shell.run('cp', '-n', join(shell.local, 'f'), at('f'))).toMatchObject({ code: 0, stderr: '' })
    expect((await shell.run('cat', at('f'))).stdout).toBe('old')
  })

  it('copies inside the volume', async () => {
    await put('f', 'text')
    expect((await shell.run('cp', at('f'), at('g'))).code).toBe(0)
    expect((await shell.run('cat', at('f'), at('g'))).stdout).toBe('texttext')
  })

  it('omits a directory without -r, copies the rest and fails', async () => {
    mkdirSync(join(shell.local, 'd'))
    writeFileSync(join(shell.local, 'f'), '1')
    const ran = await shell.run('cp', join(shell.local, 'd'), join(shell.local, 'f'), at('to/'))
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('omitting directory')
    expect((await shell.run('ls', at('to'))).stdout).toBe('f\n')
  })

  it('refuses to copy a directory into itself', async () => {
    await put('d/f', '1')
    const ran = await shell.run('cp', '-r', at('d'), at('d/e'))
    expect(ran).toMatchObject({ code: 1 })
    expect(ran.stderr).toContain('into itself')
  })

  it('names the path, the reason and the code of a source that is not there', async () => {
    const ran = await shell.run('cp', at('no'), shell.local)
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain(`bucketfs cp: cannot stat '${at('no')}': No such file or directory (ENOENT)\n`)
  })

  it('counts in JSON', async () => {
    writeFileSync(join(shell.local, 'f'), '12345')
    const { stdout } = await shell.run('cp', '--json', join(shell.local, 'f'), at('f'))
    expect(JSON.parse(stdout)).toEqual({ files: 1, bytes: 5, failures: 0, interrupted: false })
  })

  it('draws progress on a terminal only', async () => {
    writeFileSync(join(shell.local, 'f'), '1')
    const args = ['cp', join(shell.local, 'f'), at('f')] as const
    expect((await shell.runWith({ terminal: true }, ...args)).stderr).toContain('copied')
    expect((await shell.runWith({ terminal: false }, ...args)).stderr).toBe('')
  })
})

describe('mv', () => {
  it('renames inside the volume', async () => {
    await put('a', 'text')
    expect(await shell.run('mv', at('a'), at('d/b'))).toMatchObject({ code: 0, stderr: '' })
    expect((await shell.run('find', at(''), '-type', 'f')).stdout).toBe(`${at('')}d/b\n`)
  })

  it('moves a tree from the local disk to the volume', async () => {
    mkdirSync(join(shell.local, 't/u'), { recursive: true })
    writeFileSync(join(shell.local, 't/u/f'), 'text')
    expect(await shell.run('mv', join(shell.local, 't'), at('t'))).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(join(shell.local, 't'))).toBe(false)
    expect((await shell.run('cat', at('t/u/f'))).stdout).toBe('text')
  })

  it('keeps the source of what -n did not move', async () => {
    await put('f', 'old')
    writeFileSync(join(shell.local, 'f'), 'new')
    await shell.run('mv', '-n', join(shell.local, 'f'), at('f'))
    expect(readFileSync(join(shell.local, 'f'), 'utf8')).toBe('new')
    expect((await shell.run('cat', at('f'))).stdout).toBe('old')
  })
})

describe('rm', () => {
  it('removes a file', async () => {
    await put('f', '1')
    expect((await shell.run('rm', at('f'))).code).toBe(0)
    expect((await shell.run('ls', at(''))).stdout).toBe('')
  })

  it('says how to remove a directory', async () => {
    await put('d/f', '1')
    const ran = await shell.run('rm', at('d'))
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('Is a directory')
    expect(ran.stderr).toContain('use -r')
  })

  it('removes a tree with -r', async () => {
    await put('d/e/f', '1')
    await put('d/g', '1')
    expect(await shell.run('rm', '-r', at('d'))).toMatchObject({ code: 0, stderr: '' })
    expect((await shell.run('ls', at(''))).stdout).toBe('')
  })

  it('takes a missing path for a failure unless -f', async () => {
    expect((await shell.run('rm', at('no'))).code).toBe(1)
    expect(await shell.run('rm', '-f', at('no'))).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('ls', () => {
  it('lists names in byte order and hides dots', async () => {
    for (const name of ['b', 'a', '.hidden', 'B']) await put(name, '1')
    expect((await shell.run('ls', at(''))).stdout).toBe('B\na\nb\n')
    expect((await shell.run('ls', '-a', at(''))).stdout).toBe('.hidden\nB\na\nb\n')
  })

  it('shows mode, owner, size and time with -l', async () => {
    await put('f', '12345')
    expect((await shell.run('ls', '-l', at(''))).stdout).toMatch(
      /^-rw-r--r-- 1 \d+ \d+ 5 \d{4}-\d\d-\d\d \d\d:\d\d f\n$/,
    )
  })

  it('goes down with -R', async () => {
    await put('d/e/f', '1')
    expect((await shell.run('ls', '-R', at('d'))).stdout).toBe(`${at('d')}:\ne\n\n${at('d/e')}:\nf\n`)
  })

  it('answers 2 for an argument that is not there and still lists the others', async () => {
    await put('f', '1')
    const ran = await shell.run('ls', at('no'), at('f'))
    expect(ran).toMatchObject({ code: 2, stdout: `${at('f')}\n` })
  })

  it('writes one JSON object a line', async () => {
    await put('f', '12345')
    const row = JSON.parse((await shell.run('ls', '--json', at(''))).stdout) as unknown
    expect(row).toMatchObject({ path: '/f', name: 'f', type: 'file', size: 5, mode: 0o100644 })
  })
})

describe('cat', () => {
  it('writes files in order and goes on after one that fails', async () => {
    await put('a', '1')
    await put('b', '2')
    expect(await shell.run('cat', at('a'), at('no'), at('b'))).toMatchObject({ code: 1, stdout: '12' })
  })

  it('refuses a directory', async () => {
    await put('d/f', '1')
    expect((await shell.run('cat', at('d'))).stderr).toContain('(EISDIR)')
  })
})

describe('stat', () => {
  it('shows what is known, in words and in JSON', async () => {
    await put('f', '12345')
    expect((await shell.run('stat', at('f'))).stdout).toContain('Size: 5 (5 B)  Type: file')
    expect(JSON.parse((await shell.run('stat', '--json', at('f'))).stdout)).toMatchObject({ size: 5, type: 'file' })
  })
})

describe('du', () => {
  it('sums up below each directory, deepest first', async () => {
    await put('d/e/f', 'x'.repeat(3000))
    await put('d/g', 'x'.repeat(2000))
    expect((await shell.run('du', '-b', at('d'))).stdout).toBe(`3000\t${at('d/e')}\n5000\t${at('d')}\n`)
    expect((await shell.run('du', '-s', at('d'))).stdout).toBe(`5\t${at('d')}\n`)
    expect((await shell.run('du', '-sh', at('d'))).stdout).toBe(`4.9K\t${at('d')}\n`)
  })
})

describe('tree', () => {
  it('draws what lies below and counts it', async () => {
    await put('d/a', '1')
    await put('d/b/c', '1')
    await put('d/b.txt', '1')
    const drawn = [at('d'), '├── a', '├── b', '│   └── c', '└── b.txt', '', '1 directory, 3 files', '']
    expect((await shell.run('tree', at('d'))).stdout).toBe(drawn.join('\n'))
  })

  it('stops at -L', async () => {
    await put('d/b/c', '1')
    expect((await shell.run('tree', '-L', '1', at('d'))).stdout).toContain('1 directory, 0 files')
  })
})

describe('find', () => {
  beforeEach(async () => {
    await put('d/a.txt', 'x'.repeat(2000))
    await put('d/e/b.txt', '1')
    await put('d/e/c.md', '1')
  })
  const found = async (...tests: string[]): Promise<string[]> =>
    (await shell.run('find', at('d'), ...tests)).stdout.trim().split('\n').toSorted()

  it('finds by name', async () => {
    expect(await found('-name', '*.txt')).toEqual([at('d/a.txt'), at('d/e/b.txt')])
  })

  it('finds by type', async () => {
    expect(await found('-type', 'd')).toEqual([at('d'), at('d/e')])
  })

  it('finds by size, rounded up to units', async () => {
    expect(await found('-size', '+1k', '-type', 'f')).toEqual([at('d/a.txt')])
  })

  it('finds by depth', async () => {
    expect(await found('-maxdepth', '1', '-mindepth', '1')).toEqual([at('d/a.txt'), at('d/e')])
  })

  it('calls a wrong test by its name', async () => {
    expect(await shell.run('find', at('d'), '-size', 'big')).toMatchObject({ code: 2 })
  })
})

describe('the command line', () => {
  it('answers 2 and a hint for what is no command, no option and no volume', async () => {
    expect((await shell.run('nonsense')).code).toBe(2)
    expect((await shell.run('ls', '--nonsense')).code).toBe(2)
    expect(await shell.run('ls', 'gopher://x/y')).toMatchObject({ code: 2 })
    expect((await shell.run('ls', 's3:///x')).stderr).toContain('the bucket has no name')
  })

  it('answers 0 for help and version', async () => {
    expect((await shell.run('cp', '--help')).stdout).toContain('bucketfs cp -r src s3://bucket/backup/')
    expect((await shell.run('--version')).stdout).toBe('0.0.0\n')
  })

  it('says what was asked of the bucket with --stats', async () => {
    writeFileSync(join(shell.local, 'f'), '12345')
    const { stderr } = await shell.run('cp', '--stats', join(shell.local, 'f'), at('f'))
    expect(stderr).toMatch(/^bucketfs cp: [1-9]\d* requests, 5 B up, 0 B down\n$/)
  })

  it('names a setting that cannot be', async () => {
    const ran = await shell.run('ls', '--durability', 'never', at(''))
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('--durability must be one of bucket, journal, memory')
  })
})
