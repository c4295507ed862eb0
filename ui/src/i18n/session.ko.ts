// The texts of the sign-in, in Korean.

import type { sessionEn } from './session.en';

export const sessionKo: typeof sessionEn = {
  title: '로그인',
  text: '이 서비스를 쓰려면 API 토큰이 필요합니다. 토큰은 서비스에 한 번만 전송되며 화면에는 저장되지 않습니다.',
  expired: '세션이 끝났습니다. 다시 로그인하면 하던 작업을 이어서 할 수 있습니다.',
  token: 'API 토큰',
  show: '토큰 보기',
  signIn: '로그인',
  signingIn: '로그인 중…',
  signOut: '로그아웃',
  missing: '토큰을 입력해 주세요.',
  wrong: '등록되지 않은 토큰입니다.',
  wait: (duration) => `시도 횟수가 너무 많습니다. ${duration} 후에 다시 시도해 주세요.`,
  failed: '서비스가 응답하지 않습니다. 다시 시도해 주세요.',
  signedInAs: '로그인 사용자',
  roles: { viewer: '조회자', analyst: '분석가', admin: '관리자' },
  otherRoles: { service: '서비스', none: '미인증' },
  needs: (role) => `‘${role}’ 권한이 필요합니다.`,
};
