CREATE TABLE loaves (loaf_id uuid PRIMARY KEY);
-- How often each loaf was eaten: more than once would be a fact handled twice.
CREATE TABLE eaten (loaf_id uuid PRIMARY KEY, times integer NOT NULL);
