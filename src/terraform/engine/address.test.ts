import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareAddresses, type InstanceAddress, parseAddress, parseTarget, targets, type Target } from './address.ts';

const address = (text: string): InstanceAddress => parseAddress(text) as InstanceAddress;

test('addresses are read as they are written', () => {
  for (const text of [
    'aws_lb.main',
    'aws_lb.main[0]',
    'aws_lb.main["a"]',
    'data.aws_vpc.default',
    'module.web.aws_lb.main',
    'module.web["a.b[0]"].module.inner[2].data.aws_vpc.this["x\\"y"]',
    'aws_lb.with-dash_and9',
  ])
    assert.equal(address(text)?.toString(), text);
  assert.equal(address('module.a[0].aws_lb.b[1]').block, 'module.a.aws_lb.b');
  assert.equal(address('module.a[0].aws_lb.b[1]').resource, 'module.a[0].aws_lb.b');
});

test('what is no address is none', () => {
  for (const text of [
    '',
    'aws_lb',
    'aws_lb.',
    'aws_lb.a.b',
    'aws_lb[0].a',
    'module.a',
    'data.aws_vpc',
    'aws_lb.a[b]',
    'aws_lb.a["b]',
    '.a.b',
    'a b.c',
  ])
    assert.equal(parseAddress(text), undefined, text);
});

test('a target means itself and all that is in it', () => {
  const means = (target: string, text: string): boolean => targets(parseTarget(target) as Target, address(text));
  assert.ok(means('aws_lb.a', 'aws_lb.a'));
  assert.ok(means('aws_lb.a', 'aws_lb.a[3]'));
  assert.ok(means('aws_lb.a[3]', 'aws_lb.a[3]'));
  assert.ok(!means('aws_lb.a[3]', 'aws_lb.a[2]'));
  assert.ok(!means('aws_lb.a', 'data.aws_lb.a'));
  assert.ok(!means('aws_lb.a', 'module.m.aws_lb.a'));
  assert.ok(means('module.m', 'module.m["x"].module.n.aws_lb.a'));
  assert.ok(means('module.m["x"]', 'module.m["x"].aws_lb.a'));
  assert.ok(!means('module.m["y"]', 'module.m["x"].aws_lb.a'));
});

test("addresses are in Terraform's order: modules by depth and name, data first, keys by number before text", () => {
  const ordered = [
    'data.b.a',
    'a.b',
    'a.c[0]',
    'a.c[2]',
    'a.c[10]',
    'a.c["0"]',
    'b.a',
    'module.a.z.z',
    'module.b.a.a',
    'module.a.module.a.a.a',
  ];
  assert.deepEqual(ordered.toReversed().map(address).toSorted(compareAddresses).map(String), ordered); // prettier-ignore
});
