import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateText } from '../testkit.ts';
import { bcryptHash } from './bcrypt.ts';

/** From the test vectors of Openwall's crypt_blowfish; the salt is `CCCCCCCCCCCCCCCCCCCCC.` in bytes. */
const vectors: readonly (readonly [password: string, salt: string, hash: string])[] = [
  ['U*U', '10410410410410410410410410410410', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
  ['U*U*', '10410410410410410410410410410410', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK'],
];

for (const [password, salt, hash] of vectors) {
  test(`bcrypt of ${password} is the published one`, () => {
    assert.equal(bcryptHash(password, 5, Buffer.from(salt, 'hex')), hash);
  });
}

test('bcrypt() takes its salt from chance and its cost from the second argument', () => {
  assert.match(JSON.stringify(evaluateText('bcrypt("a", 4)')), /^"\$2a\$04\$[./A-Za-z0-9]{53}"$/);
  assert.throws(() => evaluateText('bcrypt("a", 4, 5)'), { message: /bcrypt\(\) takes no more than two arguments/ });
});
