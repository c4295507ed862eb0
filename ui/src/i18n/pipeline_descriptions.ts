// What the built-in pipelines do, in Korean, by how the service says it. What is not here is of the
// user's own pipelines, or newer than this page, and is shown as the service has it.

import type { Language } from '.';

const korean: Readonly<Record<string, string>> = {
  'Make card transactions, some of them fraud, and tell what they hold':
    '사기가 섞인 카드 거래를 만들고 내용을 알려 줍니다',
  'Get the published data set from Kaggle with your kaggle.json, and tell what it holds':
    'kaggle.json으로 Kaggle의 공개 데이터를 받아 내용을 알려 줍니다',
  'Put the transactions of a file into Neo4j, and count them there':
    '파일의 거래를 Neo4j에 넣고 건수를 셉니다',
  'Train XGBoost, and put it beside the versions before it':
    'XGBoost를 학습시켜 새 버전으로 등록합니다',
  'Train CatBoost, and put it beside the versions before it':
    'CatBoost를 학습시켜 새 버전으로 등록합니다',
  'Train a graph convolutional network, and put it beside the versions before it':
    '그래프 합성곱 신경망을 학습시켜 새 버전으로 등록합니다',
  'Train several kinds, put them together, and beside the versions before them':
    '여러 종류를 학습시켜 하나로 묶어 새 버전으로 등록합니다',
  'Send the rows of a file to a running service, which scores them, until the file ends':
    '파일의 행을 끝까지 실행 중인 서비스에 보내 점수를 매깁니다',
};

export function descriptionIn(description: string, language: Language): string {
  const known = language === 'ko' && Object.prototype.hasOwnProperty.call(korean, description);
  return known ? korean[description]! : description;
}
