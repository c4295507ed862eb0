-- wrk script: every request is a new transaction, shaped as the published files' rows are.
-- Cards, merchants and amounts follow a fixed sequence, so two runs send the same. Transaction
-- numbers are spread evenly over their range, as the published ones are, so that the store's index
-- is written all over.
local states = { "NC", "WA", "ID", "MT", "VA", "PA", "KS", "TN" }
local categories = { "grocery_pos", "gas_transport", "home", "shopping_net", "kids_pets", "travel" }
local format = '{"trans_date_trans_time":"%s","cc_num":%d,"merchant":"fraud_Merchant %d",' ..
  '"category":"%s","amt":%.2f,"first":"Given","last":"Family","gender":"F",' ..
  '"street":"561 Perry Cove","city":"Moravian Falls","state":"%s","zip":28654,"lat":36.0788,' ..
  '"long":-81.1781,"city_pop":3495,"job":"Psychologist, counselling","dob":"1988-03-09",' ..
  '"trans_num":"%08x%s%08x","unix_time":%d,"merch_lat":36.011293,"merch_long":-82.048315,"is_fraud":0}'
local start, run, count = 1592741665, tostring(os.time()), 0

wrk.method = "POST"
wrk.path = "/v1/transactions"
wrk.headers["Content-Type"] = "application/json"

function request()
  count = count + 1
  local time = start + math.floor(count / 20)
  return wrk.format(nil, nil, nil, format:format(
    os.date("!%Y-%m-%d %H:%M:%S", time), 4000000000000000 + count * 7919 % 1000,
    count * 104729 % 700, categories[count % #categories + 1], 1 + count * 31 % 20000 / 100,
    states[count % #states + 1], count * 2654435761 % 4294967296, run, count, time))
end
