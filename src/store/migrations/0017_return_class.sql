-- What a failed payment needs next, with `ask_customer` in the list: the customer is to confirm this
-- payment, and no mandate is missing.
ALTER TABLE payment ADD COLUMN next_action TEXT NOT NULL DEFAULT '' CHECK (next_action IN ('','retry_later','new_method','look_up','ask_mandate','ask_customer','gave_up'));
UPDATE payment SET next_action = CASE WHEN lower(decline_code) IN ('authentication_required', 'authentication_not_handled',
    'mobile_device_authentication_required', 'payment_intent_authentication_failure', '70', '1a') THEN 'ask_customer'
  ELSE decline_action END WHERE decline_action <> '';
ALTER TABLE payment DROP COLUMN decline_action;
