-- A plan between team and enterprise.
ALTER TYPE shop.plan_kind ADD VALUE IF NOT EXISTS 'business' AFTER 'team';
